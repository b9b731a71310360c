"""An image that several runs and stacks use: imported once, removed with its last user."""

import threading
from collections.abc import Callable
from functools import partial

import pytest

from provider.vsphere.desired import DesiredMachine
from provider.vsphere.errors import VsphereError
from tests.vsphere.conftest import IMAGE_USER, Driver, Drivers
from tests.vsphere.fault_proxy import Action, FaultProxy, Rule
from tests.vsphere.simulator import DATASTORE, Simulator


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
    proxy.add(Rule(step, Action.CALL_AFTER, call=killed.abandon))
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


def test_an_image_that_was_just_removed_is_not_taken_for_one_that_is_there(driver: Driver, w1: DesiredMachine) -> None:
    driver.create(w1)
    driver.destroy(w1)
    driver.images.release(driver.ova.sha256, DATASTORE, IMAGE_USER)
    with pytest.raises(VsphereError, match=r"is not on datastore .* run pulumi refresh, then up"):
        driver.create_alone(w1)


def test_importing_an_image_again_uploads_nothing(proxy: FaultProxy, log_in: Drivers) -> None:
    driver = log_in(proxy)
    first = driver.import_image()
    again = driver.import_image(IMAGE_USER)

    assert again == first
    assert proxy.seen["ImportVApp"] == 1


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
