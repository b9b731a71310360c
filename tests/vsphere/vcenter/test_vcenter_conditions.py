"""What keeps a vCenter's hosts from what a lab wants: asked before the first change."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from provider.vsphere.api.sdk import vim
from provider.vsphere.conditions import privileges
from provider.vsphere.conditions.findings import Finding
from provider.vsphere.conditions.reading import conditions
from provider.vsphere.conditions.wanted import WantedMachine
from provider.vsphere.desired import DesiredMachine
from provider.vsphere.errors import VsphereError
from provider.vsphere.lifecycle.declared import DesiredDisk
from provider.vsphere.placement import Placement
from provider.vsphere.spec import added, first_card
from tests.vsphere.fault_proxy import FaultProxy
from tests.vsphere.shown import TRUE, replace_in, show, text
from tests.vsphere.simulator import DATASTORE, NETWORK, Simulator
from tests.vsphere.vcenter.conftest import DATASTORE_CLUSTER, FULL, HOST, LINKED, PORT_GROUP, LogIn, create, source

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
    show(through, "Datastore", "summary.freeSpace", f'<val xsi:type="xsd:long">{3 * 1024**3}</val>')
    (finding,) = ask(machine=replace(W1, disk_gib=8))
    assert finding.text.startswith(f"datastore {DATASTORE_CLUSTER}: 6.0 GiB are free, machine w1 may come to need 9.0")
    assert not finding.blocks
    with_data = replace(W1, disks=(DesiredDisk("data", 2, thin=False),))
    (finding,) = ask(machine=with_data)
    assert "machine w1 needs 5.0 GiB at least, and none of its datastores has that free" in finding.text
    (finding,) = ask(machine=replace(with_data, datastore=DATASTORE, network=NETWORK))
    assert "3.0 GiB are free, machine w1 needs 5.0 GiB at least" in finding.text
    assert finding.blocks


@pytest.mark.case("V18")
@pytest.mark.parametrize("placement", [FULL, LINKED], ids=["full", "linked"])
def test_a_hardware_version_below_that_of_the_image_is_told_before_anything_is_made(
    vcenter: Simulator, enter: LogIn, ask: Ask, w1: DesiredMachine, placement: Placement
) -> None:
    driver, lower = enter(placement), replace(w1, hardware_version=14)
    image = replace(source(driver, w1), hardware_versions={"w1": 14})
    with pytest.raises(VsphereError, match=r"it has hardware version 20, machine.hardwareVersion is lower \(w1 14\)"):
        driver.images.acquire(image, "user")
    assert vcenter.machines() == {}
    driver.images.acquire(source(driver, w1), "user")
    told = (
        r"machine w1: machine.hardwareVersion is 14, and .*kubelab-base-\w+.*, which it is cloned of, has 20; a clone"
    )
    with pytest.raises(VsphereError, match=told):
        driver.create_alone(lower)
    assert not [name for name in vcenter.machines() if name.startswith("w1")]
    wanted = replace(W1, datastore=w1.datastore, hardware_version=14, image_sha256=w1.image_sha256)
    (finding,) = ask(placement, wanted)
    assert re.match(told, finding.text)
    assert ask(placement, replace(wanted, hardware_version=20)) == []
    (finding,) = ask(placement, replace(wanted, hardware_version=98))
    assert finding.text.startswith("machine w1: machine.hardwareVersion is 98, and the host offers")


@pytest.mark.case("V16")
def test_a_mac_that_a_machine_in_another_folder_has_is_told_before_anything_is_made(
    vcenter: Simulator, ask: Ask
) -> None:
    elsewhere = vcenter.place.folder.CreateFolder("elsewhere")
    card = first_card(vcenter.place.network(NETWORK).nic_backing, "00:50:56:00:00:11")
    files = vim.vm.FileInfo(vmPathName=f"[{DATASTORE}] theirs/theirs.vmx")
    theirs = vim.vm.ConfigSpec(name="theirs", files=files, deviceChange=[added(card)])
    vcenter.run_task(elsewhere.CreateVM_Task(theirs, vcenter.place.pool))
    (finding,) = ask(machine=replace(W1, mac="00:50:56:00:00:11"))
    vcenter.run_task(vcenter.machines()["theirs"].Destroy_Task())
    vcenter.run_task(elsewhere.Destroy_Task())
    assert "machine w1: its MAC 00:50:56:00:00:11 is that of machine theirs, which is off just now" in finding.text


@pytest.mark.case("V17")
def test_a_linked_clone_whose_disk_is_to_grow_is_told_before_anything_is_changed(
    enter: LogIn, ask: Ask, w1: DesiredMachine
) -> None:
    create(enter(LINKED), w1)
    (finding,) = ask(LINKED, replace(W1, disk_gib=8, datastore=DATASTORE, network=NETWORK))
    assert finding.blocks
    assert "w1: its disk cannot grow to 8 GiB, for it is a linked clone, which reads [LocalDS_0] " in finding.text
