"""Runs that end in the middle: the next one finishes, makes nothing twice and touches nothing that is not ours."""

import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from provider.vsphere import files, identity, paths
from provider.vsphere.desired import DesiredMachine
from provider.vsphere.errors import CancelledError, ForeignError, VsphereError
from provider.vsphere.model import HalfMadeError
from tests.vsphere.conftest import IMAGE_USER, OWNER, Driver, Drivers
from tests.vsphere.fault_proxy import Action, FaultProxy, Rule
from tests.vsphere.simulator import DATASTORE, Simulator

CREATE_STEPS = ["MakeDirectory", "CopyVirtualDisk_Task", "CreateVM_Task", "ReconfigVM_Task", "PowerOnVM_Task"]


def machines_with_mark(simulator: Simulator, mark: str) -> list[str]:
    return [name for name in simulator.machines() if simulator.extra_config(name).get("kubelab.owner") == mark]


def abandon(driver: Driver) -> None:
    """As when the engine is killed: no call that changes anything is made any more."""
    driver.cancel.cancel(abandoned=True)


@pytest.mark.parametrize("moment", [Action.CALL_BEFORE, Action.CALL_AFTER])
@pytest.mark.parametrize("step", CREATE_STEPS)
def test_a_create_killed_at_any_step_is_finished_by_the_next_one(
    simulator: Simulator, proxy: FaultProxy, log_in: Drivers, w1: DesiredMachine, step: str, moment: Action
) -> None:
    killed = log_in(proxy)
    killed.import_image()
    proxy.add(Rule(step, moment, call=lambda: abandon(killed)))
    with pytest.raises(VsphereError):
        killed.create(w1)

    state = log_in().create(w1)

    assert state.ready
    assert state.address == "10.87.0.11"
    assert machines_with_mark(simulator, f"{OWNER}/w1") == ["w1"]
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
    assert machines_with_mark(simulator, f"{OWNER}/w1") == ["w1"]
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
    assert machines_with_mark(simulator, f"{OWNER}/w1") == ["w1"]


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


def test_an_abandoned_create_stops_changing_things_at_once(
    proxy: FaultProxy, log_in: Drivers, w1: DesiredMachine
) -> None:
    killed = log_in(proxy)
    killed.import_image()
    proxy.seen.clear()
    proxy.add(Rule("CopyVirtualDisk_Task", Action.CALL_AFTER, call=lambda: abandon(killed)))

    with pytest.raises(CancelledError):
        killed.create(w1)

    changing = {"CreateVM_Task", "ReconfigVM_Task", "PowerOnVM_Task", "DeleteDatastoreFile_Task", "CancelTask"}
    assert not changing & set(proxy.seen)


def test_a_cancelled_wait_for_an_address_ends_promptly_and_keeps_the_machine(
    simulator: Simulator, driver: Driver, silent: DesiredMachine
) -> None:
    caught: list[VsphereError] = []
    waiting = threading.Event()
    driver.machines._progress = lambda message: waiting.set() if message == "waiting for an address" else None

    def create() -> None:
        with pytest.raises(HalfMadeError) as error:
            driver.create(silent, seconds=600)
        caught.append(error.value)

    creating = threading.Thread(target=create)
    creating.start()
    assert waiting.wait(60)
    driver.cancel.cancel()
    creating.join(30)

    assert not creating.is_alive()
    assert str(caught[0]) == "waiting for an address of silent in 10.87.0.0/24: cancelled"
    assert machines_with_mark(simulator, f"{OWNER}/silent") == ["silent"]


def test_a_create_cancelled_before_the_machine_exists_leaves_nothing(
    simulator: Simulator, proxy: FaultProxy, log_in: Drivers, w1: DesiredMachine
) -> None:
    driver = log_in(proxy)
    driver.import_image()
    proxy.add(Rule("CopyVirtualDisk_Task", Action.CALL_AFTER, call=driver.cancel.cancel))

    with pytest.raises(CancelledError):
        driver.create(w1)

    assert len(simulator.folders()) == 1, "the image's"
    assert "w1" not in simulator.machines()


def test_the_folder_of_an_interrupted_run_is_used_and_its_half_copied_disk_is_not(
    simulator: Simulator, driver: Driver, w1: DesiredMachine
) -> None:
    driver.import_image()
    folder = paths.directory("w1", identity.instance_uuid(f"{OWNER}/w1"))
    files.make_directory(simulator.place, paths.path(DATASTORE, folder))
    half = simulator.write_file(folder, "w1.vmdk", b"half a disk")

    assert driver.create(w1).ready
    assert half.read_bytes() != b"half a disk"


def test_a_folder_that_only_bears_the_machines_name_is_left_alone(
    simulator: Simulator, driver: Driver, w1: DesiredMachine
) -> None:
    driver.import_image()
    files.make_directory(simulator.place, paths.path(DATASTORE, "w1"))
    notes = simulator.write_file("w1", "notes.txt", b"mine")

    driver.create(w1)
    driver.destroy(w1)

    assert notes.read_bytes() == b"mine"


def test_an_unfinished_machine_of_another_image_or_key_is_made_anew(
    simulator: Simulator, proxy: FaultProxy, log_in: Drivers, w1: DesiredMachine
) -> None:
    killed = log_in(proxy)
    killed.import_image()
    proxy.add(Rule("PowerOnVM_Task", Action.CALL_BEFORE, call=lambda: abandon(killed)))
    with pytest.raises(VsphereError):
        killed.create(w1)
    before = simulator.machines()["w1"]._moId

    state = log_in().create(replace(w1, host_key_public="ssh-ed25519 AAAAanother w1"))

    assert state.ready
    assert state.moid != before
    assert machines_with_mark(simulator, f"{OWNER}/w1") == ["w1"]


def test_a_finished_machine_with_other_keys_is_never_thrown_away(
    simulator: Simulator, driver: Driver, w1: DesiredMachine
) -> None:
    before = driver.create(w1)

    with pytest.raises(VsphereError, match="w1: it exists, finished, but was made from another image, network or keys"):
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


def test_runs_that_want_the_same_image_at_once_import_it_once(
    simulator: Simulator, proxy: FaultProxy, log_in: Drivers
) -> None:
    drivers = [log_in(proxy), log_in(proxy), log_in(proxy)]
    run_all([partial(driver.import_image, f"user-{number}") for number, driver in enumerate(drivers)])

    (base,) = simulator.machines()
    assert simulator.folders() == {base}
    assert proxy.seen["POST nfc"] + proxy.seen["PUT nfc"] == 1
    users = [value for key, value in simulator.extra_config(base).items() if key.startswith("kubelab.user.")]
    assert sorted(users) == ["user-0", "user-1", "user-2"]


@pytest.mark.parametrize("step", ["ImportVApp", "PUT nfc", "POST nfc", "HttpNfcLeaseComplete", "ReconfigVM_Task"])
def test_an_import_killed_at_any_step_is_done_again(
    simulator: Simulator, proxy: FaultProxy, log_in: Drivers, step: str
) -> None:
    killed = log_in(proxy)
    proxy.add(Rule(step, Action.CALL_AFTER, call=lambda: abandon(killed)))
    try:
        killed.import_image()
    except VsphereError:
        killed.place.session.close()

    imported = log_in().import_image()

    assert imported.capacity == 1024**3
    (base,) = simulator.machines()
    assert simulator.extra_config(base)["kubelab.phase"] == "ready"


def test_the_last_user_of_an_image_removes_it(simulator: Simulator, driver: Driver) -> None:
    driver.import_image("one/stack/image")
    driver.import_image("another/stack/image")

    driver.images.release(driver.ova.sha256, DATASTORE, "one/stack/image")
    assert driver.images.find(driver.ova.sha256, DATASTORE, "another/stack/image") is not None
    assert driver.images.find(driver.ova.sha256, DATASTORE, "one/stack/image") is None
    assert len(simulator.machines()) == 1

    driver.images.release(driver.ova.sha256, DATASTORE, "another/stack/image")
    driver.images.release(driver.ova.sha256, DATASTORE, "another/stack/image")
    assert simulator.machines() == {}


def test_importing_an_image_again_uploads_nothing(proxy: FaultProxy, log_in: Drivers) -> None:
    driver = log_in(proxy)
    first = driver.import_image()
    again = driver.import_image(IMAGE_USER)

    assert again == first
    assert proxy.seen["ImportVApp"] == 1


def test_a_session_that_the_host_ended_is_renewed(
    simulator: Simulator, proxy: FaultProxy, log_in: Drivers, w1: DesiredMachine
) -> None:
    driver = log_in(proxy)
    driver.import_image()
    for step in CREATE_STEPS:
        proxy.add(Rule(step, Action.CALL_BEFORE, call=simulator.end_other_sessions))

    assert driver.create(w1).ready
    assert proxy.seen["Login"] > 1
    assert machines_with_mark(simulator, f"{OWNER}/w1") == ["w1"]


def test_a_session_that_ends_during_a_wait_is_renewed(
    simulator: Simulator, driver: Driver, silent: DesiredMachine
) -> None:
    def when_waiting(message: str) -> None:
        if message == "waiting for an address":
            simulator.end_other_sessions()
            simulator.set_extra_config("silent", SET__guest__ipAddress="10.87.0.77")

    driver.machines._progress = when_waiting
    assert driver.create(silent).address == "10.87.0.77"


def run_all(calls: list[Callable[[], object]]) -> None:
    """Runs all at once; raises the first error."""
    errors: list[BaseException] = []

    def run(call: Callable[[], object]) -> None:
        try:
            call()
        except VsphereError as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, errors
