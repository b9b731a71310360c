"""The one reader of conditions, on a simulated host that shows them."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from provider.vsphere.conditions.findings import Finding
from provider.vsphere.conditions.reading import Preflight, conditions
from provider.vsphere.conditions.wanted import WantedMachine
from provider.vsphere.desired import DesiredMachine
from provider.vsphere.errors import RefusedError
from provider.vsphere.lifecycle.declared import DesiredCard, DesiredDisk
from provider.vsphere.model import HalfMadeError
from tests.vsphere.conftest import Driver, Drivers
from tests.vsphere.fault_proxy import FaultProxy
from tests.vsphere.shown import QUESTION, TRUE, replace_in, show, text
from tests.vsphere.simulator import DATASTORE, NETWORK, Simulator

OWNER = "kubelab/test"
W1 = WantedMachine("w1", 4, 1024, DATASTORE, NETWORK)
Ask = Callable[..., list[Finding]]


@pytest.fixture
def ask(proxy: FaultProxy, log_in: Drivers) -> Ask:
    """What a driver finds through the proxy."""

    def asked(*machines: WantedMachine) -> list[Finding]:
        return conditions(log_in(proxy).place, OWNER, machines or (W1,))

    return asked


@pytest.mark.case("V11")
def test_a_host_that_is_fit_has_no_findings(ask: Ask, driver: Driver, w1: DesiredMachine) -> None:
    assert ask() == []
    driver.create(w1)
    assert ask() == []


@pytest.mark.case("V11")
def test_maintenance_mode_and_a_managing_vcenter_are_told_before_anything_is_changed(
    simulator: Simulator, proxy: FaultProxy, ask: Ask
) -> None:
    simulator.run_task(simulator.place.hosts[0].EnterMaintenanceMode_Task(0, False, None))
    show(proxy, "HostSystem", "summary.managementServerIp", text("10.0.0.9"))
    first, second = ask()
    assert first.text.startswith("the host is in maintenance mode, in which it starts no machine; take it out")
    assert second.text.startswith("the host is managed by the vCenter at 10.0.0.9, which may move")
    assert (first.blocks, second.blocks) == (True, False)


@pytest.mark.case("V11")
@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "<editionKey>eval</editionKey>",
            "<editionKey>esxBasic</editionKey>",
            "is the free one, with which its API",
        ),
        ("<name>Evaluation Mode</name>", "<name>VMware vSphere 8 Hypervisor</name>", r"Hypervisor\) is the free one"),
        (
            "<properties><key>ProductName</key>",
            '<properties><key>expirationDate</key><value xsi:type="xsd:dateTime">2020-01-02T00:00:00Z</value>'
            "</properties><properties><key>ProductName</key>",
            "has expired on 2020-01-02, so it starts no machine",
        ),
    ],
)
def test_a_licence_that_does_not_let_machines_be_made_is_named(
    proxy: FaultProxy, ask: Ask, old: str, new: str, told: str
) -> None:
    replace_in(proxy, "RetrievePropertiesEx", old, new)
    (finding,) = ask()
    assert finding.blocks
    assert re.search(told, finding.text)


@pytest.mark.case("V13")
@pytest.mark.parametrize("hours", [-3, 3])
def test_a_host_with_another_clock_is_warned_of_with_both_times(proxy: FaultProxy, ask: Ask, hours: int) -> None:
    other = datetime.now(UTC) + timedelta(hours=hours)
    replace_in(proxy, "CurrentTime", "<returnval>[^<]*", f"<returnval>{other:%Y-%m-%dT%H:%M:%SZ}")
    (finding,) = ask()
    assert not finding.blocks
    assert f"the host's clock says {other:%Y-%m-%d %H:%M:%S UTC}, the one of this machine 20" in finding.text


@pytest.mark.case("V11")
def test_missing_privileges_are_told_by_name_and_object(proxy: FaultProxy, ask: Ask) -> None:
    granted = "<privId>Datastore.FileManagement</privId><isGranted>true"
    replace_in(proxy, "HasPrivilegeOnEntities", granted, granted.replace("true", "false"))
    (finding,) = ask()
    assert finding.blocks
    assert "the user root lacks privileges on datastore LocalDS_0: Datastore.FileManagement; grant" in finding.text


@pytest.mark.case("V11")
def test_a_name_that_is_taken_and_a_network_that_is_missing_are_told_at_once(simulator: Simulator, ask: Ask) -> None:
    simulator.create_foreign("w1")
    first, second = ask(W1, WantedMachine("w2", 4, 1024, DATASTORE, "nowhere"))
    assert "network nowhere: not found on" in first.text
    assert "machine w1: 127.0.0.1" in second.text
    assert "has one of that name that kubelab did not make; it is left as it is; rename this node" in second.text


@pytest.mark.case("V11", "V14")
def test_the_networks_of_further_cards_are_looked_for_as_that_of_the_first_one(ask: Ask) -> None:
    (finding,) = ask(replace(W1, cards=(DesiredCard("nowhere", connected=False), DesiredCard(NETWORK))))
    assert "network nowhere: not found on" in finding.text


@pytest.mark.case("V11", "V18")
def test_a_higher_hardware_version_of_a_machine_that_is_there_needs_a_privilege_more(
    proxy: FaultProxy, ask: Ask, driver: Driver, w1: DesiredMachine
) -> None:
    driver.create(replace(w1, hardware_version=17))
    granted = "<privId>VirtualMachine.Config.UpgradeVirtualHardware</privId><isGranted>true"
    replace_in(proxy, "HasPrivilegeOnEntities", granted, granted.replace("true", "false"))
    assert ask(replace(W1, hardware_version=17)) == []
    (finding,) = ask(replace(W1, hardware_version=19))
    assert finding.text == (
        "the user root lacks VirtualMachine.Config.UpgradeVirtualHardware, which machine.hardwareVersion of w1 needs; "
        "grant it"
    )


@pytest.mark.case("V17")
def test_what_keeps_further_disks_from_what_is_declared_is_told_before_anything_is_changed(
    simulator: Simulator, ask: Ask, driver: Driver, w1: DesiredMachine
) -> None:
    driver.create(replace(w1, disks=(DesiredDisk("data", 1),)))
    simulator.take_snapshot("w1", "before the update")
    wants = replace(W1, disks=(DesiredDisk("data", 2),))
    (finding,) = ask(wants)
    assert finding.text == (
        "machine w1: its disk data cannot grow to 2 GiB because of its snapshots (before the update); delete them on "
        "the host, or put sizeGiB back, then run up again"
    )
    assert ask(replace(W1, disks=(DesiredDisk("data", 1),))) == []


@pytest.mark.case("V11")
def test_a_question_of_a_machine_is_told_with_its_choices(
    proxy: FaultProxy, ask: Ask, driver: Driver, w1: DesiredMachine
) -> None:
    driver.create(w1)
    show(proxy, "VirtualMachine", "runtime.question", QUESTION)
    (finding,) = ask()
    assert finding == Finding(
        'machine w1: it waits for an answer to "msg.uuid.moved: Did you move it, or copy it?" (choices: Cancel, I '
        "Moved It); answer it on the host's web page"
    )


@pytest.mark.case("V11")
def test_a_machine_that_is_suspended_is_told_and_hinders_nothing(
    simulator: Simulator, ask: Ask, driver: Driver, w1: DesiredMachine
) -> None:
    driver.create(w1)
    simulator.run_task(simulator.machines()["w1"].SuspendVM_Task())
    assert ask() == [Finding("machine w1: it is suspended; resume it on the host if it is to run", blocks=False)]


@pytest.mark.case("V11")
def test_a_machine_that_cannot_be_read_is_told(proxy: FaultProxy, ask: Ask, driver: Driver, w1: DesiredMachine) -> None:
    driver.create(w1)
    show(proxy, "VirtualMachine", "runtime.connectionState", text("inaccessible"))
    (finding,) = ask()
    assert "as inaccessible: whose it is cannot be read, so nothing was changed; make its datastore" in finding.text


@pytest.mark.case("V17")
def test_snapshots_that_keep_a_disk_from_growing_are_told_before_anything_is_changed(
    simulator: Simulator, ask: Ask, driver: Driver, w1: DesiredMachine
) -> None:
    driver.create(w1)
    simulator.take_snapshot("w1", "before the update")
    assert ask() == [], "it is not to grow"
    (finding,) = ask(WantedMachine("w1", 8, 1024, DATASTORE, NETWORK))
    assert "machine w1: its disk cannot grow to 8 GiB because of its snapshots (before the update); delete them" in (
        finding.text
    )


@pytest.mark.case("V11")
def test_all_that_blocks_is_one_refusal_and_the_host_is_asked_once(
    simulator: Simulator, proxy: FaultProxy, ask: Ask
) -> None:
    simulator.run_task(simulator.place.hosts[0].EnterMaintenanceMode_Task(0, False, None))
    show(proxy, "HostSystem", "summary.managementServerIp", text("10.0.0.9"))
    simulator.create_foreign("w1")
    warned: list[str] = []
    preflight = Preflight(ask, "esx.test", warned.append)
    for _ in range(2):
        with pytest.raises(RefusedError, match=r"before anything is changed on esx\.test: \(2 findings\) the host"):
            preflight.passed()
    assert len(warned) == 1
    assert proxy.seen["CurrentTime"] == 1


@pytest.mark.case("V11")
def test_what_the_host_is_kept_from_is_in_a_time_out(proxy: FaultProxy, log_in: Drivers, w1: DesiredMachine) -> None:
    driver = log_in(proxy)
    driver.import_image()
    show(proxy, "HostSystem", "runtime.inMaintenanceMode", TRUE)
    with pytest.raises(HalfMadeError, match=r"waiting for .*; the host is in maintenance mode.*; last seen: power"):
        driver.create(replace(w1, extra_config={}), seconds=2)
