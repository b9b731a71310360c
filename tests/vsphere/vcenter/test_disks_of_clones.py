"""Disks of clones: their own end with them, and those of others stay, in whatever folder and on whatever machine."""

from dataclasses import replace

import pytest

from provider.vsphere.api.sdk import vim
from provider.vsphere.desired import DesiredMachine
from provider.vsphere.lifecycle.declared import DesiredDisk
from provider.vsphere.placement import Placement
from tests.vsphere.simulator import DATASTORE, Simulator
from tests.vsphere.vcenter.conftest import FULL, LINKED, LogIn, create


@pytest.mark.case("V2")
def test_a_disk_that_somebody_attached_is_neither_grown_nor_destroyed(
    vcenter: Simulator, enter: LogIn, w1: DesiredMachine
) -> None:
    driver = enter()
    state = create(driver, w1)
    own = vcenter.extra_config("w1")["kubelab.disk"]
    vcenter.attach_new_disk("w1", "volumes", "data.vmdk", before=own)
    assert driver.update(replace(w1, disk_gib=5)).disk_gib == 5
    driver.destroy(w1)
    assert vcenter.has_file("volumes", "data.vmdk")
    assert not vcenter.has_file(f"w1-{state.instance_uuid}", own)
    vcenter.content.fileManager.DeleteDatastoreFile_Task(f"[{DATASTORE}] volumes", driver.place.datacenter)


@pytest.mark.case("V2")
@pytest.mark.parametrize("placement", [FULL, LINKED], ids=["full", "linked"])
def test_a_clone_has_no_marks_of_its_image_and_ends_with_its_own_disks_alone(
    vcenter: Simulator, enter: LogIn, w1: DesiredMachine, placement: Placement
) -> None:
    driver = enter(placement)
    machine = replace(w1, disks=(DesiredDisk("data", 1),))
    state = create(driver, machine)
    folder = f"w1-{state.instance_uuid}"
    of_the_image = {"kubelab.image", "kubelab.content", "kubelab.importer"}
    marks = vcenter.extra_config("w1")
    assert marks["kubelab.firmware"] == "bios"
    kept = {key for key, value in marks.items() if value}
    assert not {key for key in kept if key in of_the_image or key.startswith("kubelab.user.")}
    assert driver.destroy(machine) == []
    assert folder not in vcenter.folders()


@pytest.mark.case("V2")
@pytest.mark.parametrize("inherited", [{}, {"kubelab__image": "f" * 64}], ids=["none", "marks of an image"])
@pytest.mark.parametrize("placement", [FULL, LINKED], ids=["full", "linked"])
def test_a_disk_that_a_user_made_in_a_clones_folder_outlives_the_clone(
    vcenter: Simulator, enter: LogIn, w1: DesiredMachine, placement: Placement, inherited: dict[str, str]
) -> None:
    driver = enter(placement)
    state = create(driver, w1)
    folder, own = f"w1-{state.instance_uuid}", vcenter.extra_config("w1")["kubelab.disk"]
    vcenter.attach_new_disk("w1", folder, "users.vmdk")
    vcenter.set_extra_config("w1", **inherited)
    driver.destroy(w1)
    assert vcenter.has_file(folder, "users.vmdk")
    assert not vcenter.has_file(folder, own)


@pytest.mark.case("V2")
def test_a_folder_stays_whose_disk_a_machine_in_another_folder_has(
    vcenter: Simulator, enter: LogIn, w1: DesiredMachine
) -> None:
    driver = enter()
    state = create(driver, w1)
    folder, own = f"w1-{state.instance_uuid}", vcenter.extra_config("w1")["kubelab.disk"]
    vcenter.power_off("w1")
    rescued = vcenter.detach_disk("w1", own)
    elsewhere = vcenter.place.folder.CreateFolder("rescue")
    disk = vim.vm.device.VirtualDeviceSpec(operation="add", device=rescued)
    controller = vim.vm.device.VirtualDeviceSpec(
        operation="add",
        device=vim.vm.device.ParaVirtualSCSIController(key=rescued.controllerKey, busNumber=0, sharedBus="noSharing"),
    )
    files = vim.vm.FileInfo(vmPathName=f"[{DATASTORE}] rescue/rescue.vmx")
    rescue = vim.vm.ConfigSpec(name="rescue", files=files, deviceChange=[controller, disk])
    vcenter.run_task(elsewhere.CreateVM_Task(rescue, vcenter.place.pool))

    assert driver.destroy(w1) == [f"[{DATASTORE}] {folder}/{own} (of machine rescue)"]
    assert vcenter.has_file(folder, own)
    vcenter.run_task(vcenter.machines()["rescue"].Destroy_Task())
    vcenter.run_task(elsewhere.Destroy_Task())
