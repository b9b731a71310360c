"""Runs that end in the middle: the next one finishes, and makes nothing twice."""

from dataclasses import replace

import pytest

from provider.vsphere import files, identity, paths
from provider.vsphere.desired import DesiredMachine
from provider.vsphere.errors import VsphereError
from tests.vsphere.conftest import OWNER, Driver, Drivers
from tests.vsphere.fault_proxy import Action, FaultProxy, Rule
from tests.vsphere.simulator import DATASTORE, Simulator

CREATE_STEPS = ["MakeDirectory", "CopyVirtualDisk_Task", "CreateVM_Task", "ReconfigVM_Task", "PowerOnVM_Task"]


@pytest.mark.parametrize("moment", [Action.CALL_BEFORE, Action.CALL_AFTER])
@pytest.mark.parametrize("step", CREATE_STEPS)
def test_a_create_killed_at_any_step_is_finished_by_the_next_one(
    simulator: Simulator, proxy: FaultProxy, log_in: Drivers, w1: DesiredMachine, step: str, moment: Action
) -> None:
    killed = log_in(proxy)
    killed.import_image()
    proxy.add(Rule(step, moment, call=killed.abandon))
    with pytest.raises(VsphereError):
        killed.create(w1)

    state = log_in().create(w1)

    assert state.ready
    assert state.address == "10.87.0.11"
    assert simulator.machines_with_mark(f"{OWNER}/w1") == ["w1"]
    assert len(simulator.folders()) == 2, "the image's and the machine's"


@pytest.mark.parametrize("step", CREATE_STEPS)
def test_an_answer_that_is_lost_makes_nothing_twice(
    simulator: Simulator, proxy: FaultProxy, log_in: Drivers, w1: DesiredMachine, step: str
) -> None:
    driver = log_in(proxy)
    driver.import_image()
    proxy.seen.clear()
    proxy.add(Rule(step, Action.DROP_AFTER))

    state = driver.create(w1)

    assert state.ready
    assert simulator.machines_with_mark(f"{OWNER}/w1") == ["w1"]
    assert proxy.seen["CreateVM_Task"] == 1
    assert len(simulator.folders()) == 2


@pytest.mark.parametrize("action", [Action.DROP_BEFORE, Action.UNAVAILABLE])
@pytest.mark.parametrize("step", CREATE_STEPS)
def test_a_call_that_never_arrived_is_made_up_for(
    simulator: Simulator, proxy: FaultProxy, log_in: Drivers, w1: DesiredMachine, step: str, action: Action
) -> None:
    driver = log_in(proxy)
    driver.import_image()
    proxy.add(Rule(step, action))

    assert driver.create(w1).ready
    assert simulator.machines_with_mark(f"{OWNER}/w1") == ["w1"]


@pytest.mark.parametrize("step", ["PowerOffVM_Task", "Destroy_Task"])
@pytest.mark.parametrize("action", [Action.DROP_BEFORE, Action.DROP_AFTER])
def test_a_destroy_whose_answer_is_lost_is_finished(
    simulator: Simulator, proxy: FaultProxy, log_in: Drivers, w1: DesiredMachine, step: str, action: Action
) -> None:
    driver = log_in(proxy)
    driver.create(w1)
    proxy.add(Rule(step, action))

    driver.destroy(w1)

    assert "w1" not in simulator.machines()
    assert len(simulator.folders()) == 1, "the image's"


def test_the_folder_of_an_interrupted_run_is_used_and_its_half_copied_disk_is_not(
    simulator: Simulator, driver: Driver, w1: DesiredMachine
) -> None:
    driver.import_image()
    folder = paths.directory("w1", identity.instance_uuid(f"{OWNER}/w1"))
    files.make_directory(simulator.place, paths.path(DATASTORE, folder))
    half = simulator.write_file(folder, "w1.vmdk", b"half a disk")

    assert driver.create(w1).ready
    assert half.read_bytes() != b"half a disk"


def test_an_unfinished_machine_of_another_image_or_key_is_made_anew(
    simulator: Simulator, proxy: FaultProxy, log_in: Drivers, w1: DesiredMachine
) -> None:
    killed = log_in(proxy)
    killed.import_image()
    proxy.add(Rule("PowerOnVM_Task", Action.CALL_BEFORE, call=killed.abandon))
    with pytest.raises(VsphereError):
        killed.create(w1)
    before = simulator.machines()["w1"]._moId

    state = log_in().create(replace(w1, host_key_public="ssh-ed25519 AAAAanother w1"))

    assert state.ready
    assert state.moid != before
    assert simulator.machines_with_mark(f"{OWNER}/w1") == ["w1"]


def test_a_session_that_the_host_ended_is_renewed(
    simulator: Simulator, proxy: FaultProxy, log_in: Drivers, w1: DesiredMachine
) -> None:
    driver = log_in(proxy)
    driver.import_image()
    for step in CREATE_STEPS:
        proxy.add(Rule(step, Action.CALL_BEFORE, call=simulator.end_other_sessions))

    assert driver.create(w1).ready
    assert proxy.seen["Login"] > 1
    assert simulator.machines_with_mark(f"{OWNER}/w1") == ["w1"]


def test_a_session_that_ends_during_a_wait_is_renewed(
    simulator: Simulator, driver: Driver, silent: DesiredMachine
) -> None:
    def when_waiting(message: str) -> None:
        if message == "waiting for an address":
            simulator.end_other_sessions()
            simulator.set_extra_config("silent", SET__guest__ipAddress="10.87.0.77")

    driver.on_progress = when_waiting
    assert driver.create(silent).address == "10.87.0.77"
