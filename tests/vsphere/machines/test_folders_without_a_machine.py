"""Folders of ours without a machine in the inventory: a machine comes back, and nothing of anybody's is deleted."""

from dataclasses import replace
from pathlib import Path

import pytest

from provider.vsphere import files, identity, paths
from provider.vsphere.desired import DesiredMachine
from provider.vsphere.errors import ForeignError, UnreadableError, VsphereError
from tests.vsphere.conftest import OWNER, Driver, Drivers
from tests.vsphere.fault_proxy import Action, FaultProxy, Rule
from tests.vsphere.simulator import DATASTORE, Simulator

FOLDER = paths.directory("w1", identity.instance_uuid(f"{OWNER}/w1"))


@pytest.fixture
def notes(simulator: Simulator, driver: Driver, w1: DesiredMachine) -> Path:
    """Our machine was taken out of the inventory; a file of the user's is in its folder."""
    driver.create(w1)
    simulator.unregister("w1")
    return simulator.write_file(FOLDER, "notes.txt", b"mine")


@pytest.mark.case("V1")
def test_our_machine_that_was_unregistered_is_registered_again_and_goes_on(
    simulator: Simulator, driver: Driver, w1: DesiredMachine, notes: Path
) -> None:
    disk = simulator.write_file(FOLDER, "w1.vmdk", b"all that the machine knows")

    def when_waiting(message: str) -> None:
        if message == "waiting for an address":  # the simulated guest forgot it
            simulator.set_extra_config("w1", SET__guest__ipAddress="")
            simulator.set_extra_config("w1", SET__guest__ipAddress="10.87.0.11")

    driver.on_progress = when_waiting

    state = driver.create(w1)

    assert state.ready
    assert simulator.machines_with_mark(f"{OWNER}/w1") == ["w1"]
    assert disk.read_bytes() == b"all that the machine knows"
    assert notes.read_bytes() == b"mine"


@pytest.mark.case("V1")
def test_destroying_our_unregistered_machine_keeps_what_somebody_put_beside_it(
    simulator: Simulator, driver: Driver, w1: DesiredMachine, notes: Path
) -> None:
    assert driver.destroy(w1) == ["notes.txt"]

    assert "w1" not in simulator.machines()
    assert not simulator.has_file(FOLDER, "w1.vmx")
    assert notes.read_bytes() == b"mine"


@pytest.mark.case("V1")
def test_a_file_beside_a_registered_machine_survives_its_destruction(
    simulator: Simulator, driver: Driver, w1: DesiredMachine
) -> None:
    driver.create(w1)
    notes = simulator.write_file(FOLDER, "notes.txt", b"mine")

    assert driver.destroy(w1) == ["notes.txt"]

    assert notes.read_bytes() == b"mine"
    assert not simulator.has_file(FOLDER, "w1.vmdk")


@pytest.mark.case("V1")
@pytest.mark.parametrize("step", ["create", "destroy"])
def test_a_machine_in_our_folder_that_is_not_ours_is_named_and_left_as_it_was(
    simulator: Simulator, driver: Driver, w1: DesiredMachine, step: str
) -> None:
    driver.create(w1)
    simulator.set_extra_config("w1", kubelab__owner="somebody/else/w1")
    simulator.unregister("w1")
    disk = simulator.write_file(FOLDER, "w1.vmdk", b"somebody's")

    with pytest.raises(ForeignError, match=rf"{FOLDER}/w1\.vmx is a machine that belongs to somebody/else/w1"):
        getattr(driver, step)(w1)

    assert "w1" not in simulator.machines()
    assert disk.read_bytes() == b"somebody's"
    assert simulator.has_file(FOLDER, "w1.vmx")


@pytest.mark.case("V1")
@pytest.mark.parametrize(
    ("file", "error", "said"),
    [
        ("other.vmx", ForeignError, r"holds other\.vmx, wanted w1\.vmx alone; nothing in it was touched"),
        ("notes.txt", ForeignError, r"holds notes\.txt, which kubelab did not put there; nothing in it was touched"),
        ("w1_1.vmdk", ForeignError, r"holds w1_1\.vmdk, which kubelab did not put there"),
        ("w1-000001.vmdk", ForeignError, r"holds w1-000001\.vmdk, which kubelab did not put there"),
    ],
)
def test_a_folder_with_more_than_a_half_made_machine_is_not_emptied(
    simulator: Simulator, driver: Driver, w1: DesiredMachine, file: str, error: type[VsphereError], said: str
) -> None:
    driver.import_image()
    files.make_directory(simulator.place, paths.path(DATASTORE, FOLDER))
    simulator.write_file(FOLDER, "w1.vmdk", b"half a disk")
    simulator.write_file(FOLDER, file, b"mine")

    with pytest.raises(error, match=said):
        driver.create(w1)

    assert simulator.has_file(FOLDER, "w1.vmdk")
    assert simulator.has_file(FOLDER, file)
    assert "w1" not in simulator.machines()


@pytest.mark.case("V1", "V2")
def test_a_leftover_disk_that_another_machine_uses_is_not_deleted(
    simulator: Simulator, driver: Driver, w1: DesiredMachine
) -> None:
    driver.import_image()
    driver.create(replace(w1, name="w2", extra_config={"SET.guest.ipAddress": "10.87.0.12"}))
    simulator.attach_new_disk("w2", FOLDER, "w1.vmdk")

    with pytest.raises(ForeignError, match=rf"{FOLDER}/w1\.vmdk \(of machine w2\)"):
        driver.create(w1)

    assert simulator.has_file(FOLDER, "w1.vmdk")


@pytest.mark.case("V1", "V6")
@pytest.mark.usefixtures("notes")
def test_an_unregistered_machine_that_runs_elsewhere_is_not_registered_here(
    simulator: Simulator, driver: Driver, w1: DesiredMachine
) -> None:
    simulator.write_file(FOLDER, "w1.vmx.lck", b"")
    with pytest.raises(UnreadableError, match=r"seems to run \(w1\.vmx\.lck is beside it\), perhaps on another host"):
        driver.create(w1)
    assert "w1" not in simulator.machines()


@pytest.mark.case("V1")
def test_what_somebody_put_into_the_folder_of_a_failed_creation_stays(
    simulator: Simulator, proxy: FaultProxy, log_in: Drivers, w1: DesiredMachine
) -> None:
    driver = log_in(proxy)
    driver.import_image()
    put = Rule(
        "CopyVirtualDisk_Task", Action.CALL_AFTER, call=lambda: simulator.write_file(FOLDER, "notes.txt", b"mine")
    )
    proxy.add(put)
    proxy.fault("CreateVM_Task", "NoPermission", '<object type="Folder">f</object><privilegeId>p</privilegeId>')

    with pytest.raises(VsphereError, match="lacks the privilege"):
        driver.create(w1)

    assert simulator.has_file(FOLDER, "notes.txt")


@pytest.mark.case("V6")
def test_a_machine_whose_datastore_is_not_attached_is_not_called_gone(driver: Driver, w1: DesiredMachine) -> None:
    with pytest.raises(
        VsphereError, match="neither it nor its datastore elsewhere, so whether it is gone cannot be told"
    ):
        driver.machines.destroy(identity.instance_uuid(f"{OWNER}/w1"), w1.name, "elsewhere")
