"""Machines and folders that are not this stack's: they are left untouched."""

from dataclasses import replace

import pytest

from provider.vsphere import files, paths
from provider.vsphere.desired import DesiredMachine
from provider.vsphere.errors import ForeignError, VsphereError
from tests.vsphere.conftest import Driver, Drivers
from tests.vsphere.fault_proxy import Action, FaultProxy, Rule
from tests.vsphere.simulator import DATASTORE, Simulator


def test_a_folder_that_only_bears_the_machines_name_is_left_alone(
    simulator: Simulator, driver: Driver, w1: DesiredMachine
) -> None:
    driver.import_image()
    files.make_directory(simulator.place, paths.path(DATASTORE, "w1"))
    notes = simulator.write_file("w1", "notes.txt", b"mine")

    driver.create(w1)
    driver.destroy(w1)

    assert notes.read_bytes() == b"mine"


def test_a_finished_machine_with_other_keys_is_never_thrown_away(
    simulator: Simulator, driver: Driver, w1: DesiredMachine
) -> None:
    before = driver.create(w1)

    with pytest.raises(VsphereError, match="w1: it exists, finished, but was made from another image, net"):
        driver.create(replace(w1, host_key_public="ssh-ed25519 AAAAanother w1"))

    assert simulator.machines()["w1"]._moId == before.moid


def test_a_name_taken_by_a_foreign_machine_is_an_error_and_it_is_left_untouched(
    simulator: Simulator, driver: Driver, w1: DesiredMachine
) -> None:
    simulator.create_foreign("w1")
    driver.import_image()
    before = (simulator.folders(), simulator.facts("w1", "config.changeVersion", "config.modified"))

    with pytest.raises(
        ForeignError, match=r"w1: .* that kubelab did not make; it was left untouched; rename this node"
    ):
        driver.create(w1)

    assert (simulator.folders(), simulator.facts("w1", "config.changeVersion", "config.modified")) == before


def test_a_name_taken_while_the_machine_is_being_made_leaves_nothing_of_ours(
    simulator: Simulator, proxy: FaultProxy, log_in: Drivers, w1: DesiredMachine
) -> None:
    driver = log_in(proxy)
    driver.import_image()
    proxy.add(Rule("CopyVirtualDisk_Task", Action.CALL_AFTER, call=lambda: simulator.create_foreign("w1")))
    taken = '<name>w1</name><object type="VirtualMachine">1</object>'
    proxy.fault("CreateVM_Task", "DuplicateName", taken)

    with pytest.raises(ForeignError, match="kubelab did not make"):
        driver.create(w1)

    assert len(simulator.folders()) == 2, "the image's and the foreign machine's"


@pytest.mark.parametrize("mark", ["", "somebody/else/w1"])
def test_destroying_refuses_a_machine_that_does_not_carry_our_mark(
    simulator: Simulator, driver: Driver, w1: DesiredMachine, mark: str
) -> None:
    driver.create(w1)
    simulator.set_extra_config("w1", kubelab__owner=mark)

    with pytest.raises(ForeignError):
        driver.destroy(w1)

    assert simulator.facts("w1", "runtime.powerState")["runtime.powerState"] == "poweredOn"
