"""Runs that the engine cancels or abandons: they end at once."""

import threading

import pytest

from provider.vsphere.desired import DesiredMachine
from provider.vsphere.errors import CancelledError, VsphereError
from provider.vsphere.model import HalfMadeError
from tests.vsphere.conftest import OWNER, Driver, Drivers
from tests.vsphere.fault_proxy import Action, FaultProxy, Rule
from tests.vsphere.simulator import Simulator


def test_an_abandoned_create_stops_changing_things_at_once(
    proxy: FaultProxy, log_in: Drivers, w1: DesiredMachine
) -> None:
    killed = log_in(proxy)
    killed.import_image()
    proxy.seen.clear()
    proxy.add(Rule("CopyVirtualDisk_Task", Action.CALL_AFTER, call=killed.abandon))

    with pytest.raises(CancelledError):
        killed.create(w1)

    changing = {"CreateVM_Task", "ReconfigVM_Task", "PowerOnVM_Task", "DeleteDatastoreFile_Task", "CancelTask"}
    assert not changing & set(proxy.seen)


def test_a_cancelled_wait_for_an_address_ends_promptly_and_keeps_the_machine(
    simulator: Simulator, driver: Driver, silent: DesiredMachine
) -> None:
    caught: list[VsphereError] = []
    waiting = threading.Event()
    driver.on_progress = lambda message: waiting.set() if message == "waiting for an address" else None

    def create() -> None:
        with pytest.raises(HalfMadeError) as error:
            driver.create(silent, seconds=600)
        caught.append(error.value)

    creating = threading.Thread(target=create)
    creating.start()
    assert waiting.wait(60)
    driver.cancel.cancel()
    creating.join(2)

    assert not creating.is_alive(), "two seconds are what a user waits for"
    assert str(caught[0]).startswith("waiting for an address of silent in 10.87.0.0/24")
    assert str(caught[0]).endswith(": cancelled; it stays as it is, marked; the next up goes on with it")
    assert simulator.machines_with_mark(f"{OWNER}/silent") == ["silent"]


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
