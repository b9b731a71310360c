"""Disks of a machine of ours that somebody's machine has as well: its data stays, and that machine is named."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from provider.vsphere import identity, paths
from provider.vsphere.desired import DesiredMachine
from provider.vsphere.errors import VsphereError
from provider.vsphere.lifecycle.declared import DesiredDisk
from tests.vsphere.conftest import IMAGE_USER, OWNER, Driver
from tests.vsphere.others import create_with_disk
from tests.vsphere.simulator import DATASTORE, Simulator

FOLDER = paths.directory("w1", identity.instance_uuid(f"{OWNER}/w1"))
DATA = DesiredDisk("data", 1)


@pytest.fixture
def data(w1: DesiredMachine) -> DesiredMachine:
    """w1 with a further disk."""
    return replace(w1, disks=(DATA,))


@pytest.fixture
def release(simulator: Simulator) -> Callable[[str], None]:
    """Takes a disk off the machine `rescue` again; its file stays."""

    def taken_off(file: str) -> None:
        simulator.detach_disk("rescue", file)

    return taken_off


@pytest.mark.case("V2")
@pytest.mark.parametrize("file", ["w1.vmdk", "w1-data.vmdk"])
def test_a_machine_whose_disk_another_one_has_is_not_destroyed_until_that_is_detached(
    simulator: Simulator, driver: Driver, data: DesiredMachine, release: Callable[[str], None], file: str
) -> None:
    driver.create(data)
    create_with_disk(simulator, "rescue", f"[{DATASTORE}] {FOLDER}/{file}")

    with pytest.raises(VsphereError) as refused:
        driver.destroy(data)
    assert str(refused.value) == (
        f"machine w1: its disk [{DATASTORE}] {FOLDER}/{file} is attached to machine rescue as well, and would be "
        "deleted with w1, so nothing was changed; copy it first if rescue needs what is on it, detach it from rescue "
        "without deleting its file, then run again"
    )
    assert driver.read(data) is not None
    assert simulator.facts("w1", "runtime.powerState")["runtime.powerState"] == "poweredOn"
    assert simulator.has_file(FOLDER, file)

    release(file)
    assert driver.destroy(data) == []
    assert not simulator.has_file(FOLDER, file)


@pytest.mark.case("V2")
def test_a_further_disk_that_another_machine_has_is_neither_grown_nor_deleted(
    simulator: Simulator, driver: Driver, data: DesiredMachine
) -> None:
    driver.create(data)
    create_with_disk(simulator, "rescue", f"[{DATASTORE}] {FOLDER}/w1-data.vmdk")
    for changed in (DesiredDisk("data", 2), DesiredDisk("data", remove=True)):
        with pytest.raises(VsphereError, match=r"w1-data\.vmdk is attached to machine rescue as well, so it was left"):
            driver.update(replace(data, disks=(changed,)))
    assert simulator.has_file(FOLDER, "w1-data.vmdk")
    assert simulator.facts("w1", "runtime.powerState")["runtime.powerState"] == "poweredOn"
    simulator.detach_disk("rescue", "w1-data.vmdk")
    assert driver.update(replace(data, disks=(DesiredDisk("data", 2),))).disks["data"].gib == 2


@pytest.mark.case("V2")
def test_an_image_whose_disk_a_machine_has_outlives_its_last_user(simulator: Simulator, driver: Driver) -> None:
    imported = driver.import_image()
    create_with_disk(simulator, "rescue", imported.disk_path)
    driver.images.release(driver.ova.sha256, DATASTORE, IMAGE_USER)
    assert any("is left, for machines are there that read its disk: rescue" in told for told in driver.progress)
    folder, _, file = imported.disk_path.partition("] ")[2].partition("/")
    assert simulator.has_file(folder, file)
    assert driver.import_image() == imported, "it is there for the next one"
    simulator.detach_disk("rescue", file)
    driver.images.release(driver.ova.sha256, DATASTORE, IMAGE_USER)
    assert not simulator.has_file(folder, file)
