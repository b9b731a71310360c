"""What keeps a vCenter's hosts from what a lab wants: asked before the first change."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from provider.vsphere.conditions import privileges
from provider.vsphere.conditions.findings import Finding
from provider.vsphere.conditions.reading import conditions
from provider.vsphere.conditions.wanted import WantedMachine
from provider.vsphere.desired import DesiredMachine
from provider.vsphere.placement import Placement
from tests.vsphere.fault_proxy import FaultProxy
from tests.vsphere.shown import TRUE, replace_in, show, text
from tests.vsphere.simulator import DATASTORE, NETWORK, Simulator
from tests.vsphere.vcenter.conftest import DATASTORE_CLUSTER, FULL, HOST, LINKED, PORT_GROUP, LogIn, create

W1 = WantedMachine("w1", 4, 1024, DATASTORE_CLUSTER, PORT_GROUP)
Ask = Callable[..., list[Finding]]


@pytest.fixture
def ask(enter: LogIn, through: FaultProxy) -> Ask:
    def asked(placement: Placement = FULL, machine: WantedMachine = W1) -> list[Finding]:
        return conditions(enter(placement, through).place, "kubelab/test", [machine])

    return asked


@pytest.mark.case("V11")
def test_a_vcenter_that_is_fit_and_manages_its_hosts_has_no_findings(through: FaultProxy, ask: Ask) -> None:
    show(through, "HostSystem", "summary.managementServerIp", text("10.0.0.9"))
    assert ask() == []


@pytest.mark.case("V11")
def test_one_host_in_maintenance_keeps_a_cluster_from_nothing_and_the_one_that_is_named_from_all(
    vcenter: Simulator, ask: Ask
) -> None:
    host = next(each for each in vcenter.place.hosts if each.name == HOST)
    vcenter.run_task(host.EnterMaintenanceMode_Task(0, False, None))
    try:
        assert ask() == []
        (finding,) = ask(Placement(host=HOST))
        assert finding.text.startswith(
            f"host {HOST} is in maintenance mode, in which it starts no machine; take it out"
        )
        assert finding.blocks
    finally:
        vcenter.run_task(host.ExitMaintenanceMode_Task(0))


@pytest.mark.case("V11")
def test_a_cluster_whose_hosts_are_all_in_maintenance_names_each(through: FaultProxy, ask: Ask) -> None:
    show(through, "HostSystem", "runtime.inMaintenanceMode", TRUE)
    assert [finding.text.partition(" is ")[0] for finding in ask()] == ["host DC0_C0_H0", "host DC0_C0_H1"]


@pytest.mark.case("V11")
@pytest.mark.parametrize(
    ("on", "wanted"),
    [
        ("the folder of the machines", [*privileges.ON_FOLDER, *privileges.ON_FOLDER_OF_A_VCENTER]),
        ("the resource pool", list(privileges.ON_POOL)),
        ("datastore LocalDS_0", list(privileges.ON_DATASTORE)),
        (f"network {PORT_GROUP}", list(privileges.ON_NETWORK)),
    ],
)
def test_privileges_that_are_missing_are_named_with_the_object_that_they_are_missing_on(
    through: FaultProxy, ask: Ask, on: str, wanted: list[str]
) -> None:
    replace_in(through, "HasPrivilegeOnEntities", "<isGranted>true", "<isGranted>false")
    texts = [finding.text for finding in ask()]
    assert f"the user root lacks privileges on {on}: {', '.join(wanted)}; grant them" in texts


@pytest.mark.case("V11")
def test_the_space_of_a_datastore_cluster_is_that_of_all_its_datastores(through: FaultProxy, ask: Ask) -> None:
    show(through, "Datastore", "summary.freeSpace", f'<val xsi:type="xsd:long">{2 * 1024**3}</val>')
    (finding,) = ask()
    assert finding.text.startswith(f"datastore {DATASTORE_CLUSTER}: 4.0 GiB are free, machine w1 may come to need 5.0")
    assert not finding.blocks
    (finding,) = ask(machine=replace(W1, datastore=DATASTORE, network=NETWORK))
    assert finding.blocks


@pytest.mark.case("V17")
def test_a_linked_clone_whose_disk_is_to_grow_is_told_before_anything_is_changed(
    enter: LogIn, ask: Ask, w1: DesiredMachine
) -> None:
    create(enter(LINKED), w1)
    (finding,) = ask(LINKED, replace(W1, disk_gib=8, datastore=DATASTORE, network=NETWORK))
    assert finding.blocks
    assert "w1: its disk cannot grow to 8 GiB, for it is a linked clone, which reads [LocalDS_0] " in finding.text
