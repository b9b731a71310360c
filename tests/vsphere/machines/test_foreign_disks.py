"""Disks that somebody attached to a machine of ours: never edited, never destroyed, and never taken for its own."""

from dataclasses import replace

import pytest

from provider.vsphere import identity, paths
from provider.vsphere.api.sdk import vim
from provider.vsphere.desired import DesiredMachine
from provider.vsphere.errors import VsphereError
from tests.vsphere.conftest import OWNER, Driver
from tests.vsphere.simulator import Simulator

FOLDER = paths.directory("w1", identity.instance_uuid(f"{OWNER}/w1"))
GIB = 1024**3


def disks(simulator: Simulator) -> dict[str, int]:
    """The sizes of w1's disks in GiB, by their files' names, in the order that the host gives."""
    found = simulator.facts("w1", "config.hardware.device")["config.hardware.device"]
    return {
        device.backing.fileName.rpartition("/")[2]: device.capacityInKB // 1024**2
        for device in found
        if isinstance(device, vim.vm.device.VirtualDisk)
    }


@pytest.fixture
def with_a_disk_before_its_own(simulator: Simulator, driver: Driver, w1: DesiredMachine) -> None:
    """w1, with a disk of somebody's that the host lists before the one it was made with."""
    driver.create(w1)
    simulator.attach_new_disk("w1", "volumes", "data.vmdk", before="w1.vmdk")
    assert list(disks(simulator)) == ["data.vmdk", "w1.vmdk"]


@pytest.mark.case("V2")
@pytest.mark.usefixtures("with_a_disk_before_its_own")
def test_an_update_without_change_grows_no_disk(simulator: Simulator, driver: Driver, w1: DesiredMachine) -> None:
    assert driver.update(w1).disk_gib == 4
    assert disks(simulator) == {"data.vmdk": 1, "w1.vmdk": 4}


@pytest.mark.case("V2")
@pytest.mark.usefixtures("with_a_disk_before_its_own")
def test_only_the_disk_that_a_machine_was_made_with_grows(
    simulator: Simulator, driver: Driver, w1: DesiredMachine
) -> None:
    assert driver.update(larger(w1)).disk_gib == 6
    assert disks(simulator) == {"data.vmdk": 1, "w1.vmdk": 6}


@pytest.mark.case("V2")
@pytest.mark.parametrize("folder", ["volumes", FOLDER])
def test_destroying_a_machine_keeps_a_disk_of_somebody_wherever_it_lies(
    simulator: Simulator, driver: Driver, w1: DesiredMachine, folder: str
) -> None:
    driver.create(w1)
    simulator.attach_new_disk("w1", folder, "w1_1.vmdk")

    driver.destroy(w1)

    assert simulator.has_file(folder, "w1_1.vmdk")
    assert not simulator.has_file(FOLDER, "w1.vmdk")


@pytest.mark.case("V2")
def test_a_machine_without_the_disk_it_was_made_with_is_not_given_another_ones_size(
    simulator: Simulator, driver: Driver, w1: DesiredMachine
) -> None:
    driver.create(w1)
    simulator.attach_new_disk("w1", "volumes", "data.vmdk")
    simulator.power_off("w1")
    simulator.detach_disk("w1", "w1.vmdk")

    with pytest.raises(
        VsphereError, match=r"w1\.vmdk, is not attached \(attached: .*data\.vmdk\); no disk was changed"
    ):
        driver.update(larger(w1))

    assert disks(simulator) == {"data.vmdk": 1}


def larger(machine: DesiredMachine) -> DesiredMachine:
    return replace(machine, disk_gib=6)
