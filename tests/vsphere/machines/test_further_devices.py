"""Further disks and cards, hardware version, power: on a host, from a stack file's word to what is there and back."""

from dataclasses import replace

import pytest

from provider.vsphere import identity
from provider.vsphere.api.sdk import vim
from provider.vsphere.desired import DesiredMachine
from provider.vsphere.errors import ForeignError, VsphereError
from provider.vsphere.lifecycle.declared import DesiredCard, DesiredDisk, by_mac
from provider.vsphere.model import HalfMadeError, MachineState
from tests.vsphere.conftest import OWNER, Driver, resized
from tests.vsphere.machines.test_foreign_disks import FOLDER, disks
from tests.vsphere.simulator import NETWORK, Simulator

INSTANCE = identity.instance_uuid(f"{OWNER}/w1")
DATA, LOGS = DesiredDisk("data", 2), DesiredDisk("logs", 1, thin=False)
CARD = DesiredCard(NETWORK, connected=False)
(MAC,) = by_mac(INSTANCE, (CARD,))


def power(simulator: Simulator) -> str:
    return str(simulator.facts("w1", "runtime.powerState")["runtime.powerState"])


def cards(simulator: Simulator) -> list[str]:
    found = simulator.facts("w1", "config.hardware.device")["config.hardware.device"]
    return [device.macAddress for device in found if isinstance(device, vim.vm.device.VirtualEthernetCard)]


def read(driver: Driver, machine: DesiredMachine) -> MachineState:
    state = driver.read(machine)
    assert state is not None
    return state


@pytest.mark.case("V2")
def test_a_machine_that_runs_gets_disks_and_cards_and_loses_one_by_word(
    simulator: Simulator, driver: Driver, w1: DesiredMachine
) -> None:
    driver.create(w1)
    simulator.attach_new_disk("w1", FOLDER, "pv.vmdk", before="w1.vmdk")
    boots = simulator.facts("w1", "runtime.bootTime")

    driver.update(replace(w1, disks=(DATA, LOGS), cards=(CARD,)))
    state = read(driver, w1)
    assert dict(state.disks) == {"data": DATA, "logs": LOGS}
    assert [(card.mac, card.network, card.connected) for card in state.cards] == [(MAC, NETWORK, False)]
    assert (state.mac, state.network) == (next(mac for mac in cards(simulator) if mac != MAC), NETWORK)
    driver.update(replace(w1, disks=(replace(DATA, gib=3), LOGS), cards=(replace(CARD, connected=True),)))

    assert disks(simulator) == {"pv.vmdk": 1, "w1.vmdk": 4, "w1-data.vmdk": 3, "w1-logs.vmdk": 1}
    assert read(driver, w1).cards[0].connected
    assert simulator.facts("w1", "runtime.bootTime") == boots, "none of it stops a machine"
    driver.update(replace(w1, disks=(replace(DATA, gib=3), replace(LOGS, remove=True))))
    assert disks(simulator) == {"pv.vmdk": 1, "w1.vmdk": 4, "w1-data.vmdk": 3}
    assert not simulator.has_file(FOLDER, "w1-logs.vmdk")
    assert MAC not in cards(simulator)
    assert power(simulator) == "poweredOn"

    assert "pv.vmdk" in driver.destroy(w1)
    assert simulator.has_file(FOLDER, "pv.vmdk")
    assert not simulator.has_file(FOLDER, "w1-data.vmdk"), "its own disks end with it"


@pytest.mark.case("V2")
def test_a_disk_of_somebody_at_the_place_of_a_declared_one_is_left_alone(
    simulator: Simulator, driver: Driver, w1: DesiredMachine
) -> None:
    driver.create(w1)
    simulator.attach_new_disk("w1", FOLDER, "w1-data.vmdk")
    for word in (DATA, replace(DATA, remove=True)):
        with pytest.raises(HalfMadeError, match=r"w1-data\.vmdk is attached, but kubelab did not make it"):
            driver.update(replace(w1, disks=(word,)))
    assert disks(simulator) == {"w1.vmdk": 4, "w1-data.vmdk": 1}


@pytest.mark.case("V2")
def test_disks_of_others_are_named_when_their_machine_is_destroyed(
    simulator: Simulator, driver: Driver, w1: DesiredMachine
) -> None:
    driver.create(w1)
    simulator.attach_new_disk("w1", "volumes", "data.vmdk")
    assert driver.destroy(w1) == ["[LocalDS_0] volumes/data.vmdk"]
    assert "shutting it down, as it has disks that it was not made with" in driver.progress


def test_a_machine_declared_off_is_shut_down_changed_and_started_again(
    simulator: Simulator, driver: Driver, w1: DesiredMachine
) -> None:
    driver.create(w1)
    off = replace(w1, power="off")

    assert not driver.update(off).powered_on
    assert power(simulator) == "poweredOff"
    assert "shutting it down, as it is declared off" in driver.progress
    assert driver.update(resized(off, cpus=3)).hardware.cpus == 3
    assert power(simulator) == "poweredOff"
    assert driver.update(resized(w1, cpus=3)).address == "10.87.0.11"
    assert power(simulator) == "poweredOn"


def test_a_machine_that_never_came_up_is_not_taken_for_one_that_rests(driver: Driver, silent: DesiredMachine) -> None:
    with pytest.raises(HalfMadeError):
        driver.create(silent, seconds=1)
    with pytest.raises(VsphereError, match="it is declared off, and its first start never came to an end"):
        driver.update(replace(silent, power="off"))


def test_a_hardware_version_goes_up_by_one_power_cycle_and_never_down(
    simulator: Simulator, driver: Driver, w1: DesiredMachine
) -> None:
    made = driver.create(replace(w1, hardware_version=17))
    assert made.hardware_version == 17
    assert driver.update(replace(w1, hardware_version=19)).hardware_version == 19
    assert power(simulator) == "poweredOn"
    with pytest.raises(HalfMadeError, match=r"it has hardware version 19, .* is 17; it never goes down"):
        driver.update(replace(w1, hardware_version=17))
    with pytest.raises(HalfMadeError, match=r"machine\.hardwareVersion is 98, and the host offers"):
        driver.update(replace(w1, hardware_version=98))


def test_a_machine_with_a_disk_and_hot_add_gets_cpus_while_it_runs(
    simulator: Simulator, driver: Driver, w1: DesiredMachine
) -> None:
    w1 = replace(w1, disks=(DATA,), cards=(CARD,))
    driver.create(w1)
    assert disks(simulator) == {"w1.vmdk": 4, "w1-data.vmdk": 2}
    simulator.reconfigure("w1", cpuHotAddEnabled=True)
    boots = simulator.facts("w1", "runtime.bootTime")
    assert driver.update(resized(w1, cpus=4)).hardware.cpus == 4
    assert simulator.facts("w1", "runtime.bootTime") == boots


def test_a_machine_that_was_renamed_on_the_host_is_found_and_renamed_back(
    simulator: Simulator, driver: Driver, w1: DesiredMachine
) -> None:
    driver.create(w1)
    simulator.run_task(simulator.machines()["w1"].Rename_Task("somebody-s"))
    assert read(driver, w1).name == "somebody-s"
    assert driver.update(w1).name == "w1"


def test_a_machine_is_imported_by_the_stack_that_made_it_and_by_no_other(
    simulator: Simulator, driver: Driver, w1: DesiredMachine
) -> None:
    made = driver.create(w1)
    for id_ in ("w1", made.moid, made.instance_uuid):
        found = driver.machines.found_for_import(id_, OWNER)
        assert found is not None
        assert found[0].instance_uuid == made.instance_uuid
        assert found[1][identity.SEED_KEY]
        with pytest.raises(ForeignError, match=f"it is a machine that belongs to {OWNER}/w1; it is imported only by"):
            driver.machines.found_for_import(id_, "kubelab/other")
    simulator.create_foreign("theirs")
    with pytest.raises(ForeignError, match=r"machine theirs .* kubelab did not make; .* below platform/existing"):
        driver.machines.found_for_import("theirs", OWNER)
    assert driver.machines.found_for_import("nobody", OWNER) is None
