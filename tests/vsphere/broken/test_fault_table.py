"""Each fault at each call that changes something: it goes on or it is one error, and the next run converges."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from provider.vsphere.desired import DesiredMachine
from provider.vsphere.errors import VsphereError
from tests.vsphere import faults
from tests.vsphere.conftest import IMAGE_USER, OWNER, Driver, Drivers, resized
from tests.vsphere.fault_proxy import FaultProxy
from tests.vsphere.faults import FAULTS
from tests.vsphere.simulator import DATASTORE, Simulator

GOES_ON, ERROR = "goes on", "error"
Operation = Callable[[Driver, DesiredMachine], object]


def run(operation: Operation, driver: Driver, machine: DesiredMachine) -> str:
    """How an operation ends: by its success, or by one line."""
    said = ""
    try:
        operation(driver, machine)
    except VsphereError as error:
        said = str(error)
    assert "\n" not in said
    return ERROR if said else GOES_ON


@pytest.mark.parametrize(
    "step",
    ["MakeDirectory", "CopyVirtualDisk_Task", "CreateVM_Task", "PowerOnVM_Task", "ReconfigVM_Task"],
)
def test_a_create_that_meets_a_fault_is_one_machine_at_the_latest_in_the_next_run(
    simulator: Simulator, proxy: FaultProxy, log_in: Drivers, w1: DesiredMachine, step: str
) -> None:
    log_in().import_image()
    outcomes = []
    for number, fault in enumerate(FAULTS):
        machine = replace(w1, name=f"w{number}", extra_config={"SET.guest.ipAddress": f"10.87.0.{number + 10}"})
        proxy.forget()
        driver = log_in(proxy)
        _ = driver.place.session.content
        fault.breaks(proxy, simulator, step)
        outcomes.append(run(Driver.create_alone, driver, machine))
        proxy.forget()
        if outcomes[-1] == ERROR:
            log_in().create_alone(machine)
        assert simulator.machines_with_mark(f"{OWNER}/{machine.name}") == [machine.name], fault.name
        assert simulator.extra_config(machine.name)["kubelab.phase"] == "ready", fault.name
    assert len(simulator.machines()) == len(FAULTS) + 1 == len(simulator.folders()), "nothing else is there"
    faults.documented(f"create: {step}", outcomes)


@pytest.mark.parametrize("step", ["ReconfigVM_Task", "PowerOffVM_Task", "PowerOnVM_Task"])
def test_an_update_that_meets_a_fault_ends_as_wanted_at_the_latest_in_the_next_run(
    simulator: Simulator, proxy: FaultProxy, log_in: Drivers, w1: DesiredMachine, step: str
) -> None:
    log_in().create(w1)
    outcomes = []
    for number, fault in enumerate(FAULTS):
        machine = resized(w1, cpus=1 + number % 2)
        proxy.forget()
        driver = log_in(proxy)
        _ = driver.place.session.content
        fault.breaks(proxy, simulator, step)
        outcomes.append(run(Driver.update, driver, machine))
        proxy.forget()
        if outcomes[-1] == ERROR:
            log_in().update(machine)
        found = simulator.facts("w1", "config.hardware.numCPU", "runtime.powerState")
        assert found["config.hardware.numCPU"] == machine.hardware.cpus, fault.name
        assert str(found["runtime.powerState"]) == "poweredOn", fault.name
    assert simulator.machines_with_mark(f"{OWNER}/w1") == ["w1"]
    faults.documented(f"update: {step}", outcomes)


@pytest.mark.parametrize("step", ["PowerOffVM_Task", "Destroy_Task"])
def test_a_delete_that_meets_a_fault_leaves_nothing_at_the_latest_after_the_next_run(
    simulator: Simulator, proxy: FaultProxy, log_in: Drivers, w1: DesiredMachine, step: str
) -> None:
    log_in().import_image()
    outcomes = []
    for fault in FAULTS:
        proxy.forget()
        log_in().create_alone(w1)
        driver = log_in(proxy)
        _ = driver.place.session.content
        fault.breaks(proxy, simulator, step)
        outcomes.append(run(Driver.destroy, driver, w1))
        proxy.forget()
        if outcomes[-1] == ERROR:
            log_in().destroy(w1)
        assert len(simulator.machines()) == 1 == len(simulator.folders()), fault.name
    faults.documented(f"delete: {step}", outcomes)


@pytest.mark.parametrize("step", ["ImportVApp", "HttpNfcLeaseComplete", "ReconfigVM_Task"])
def test_an_import_that_meets_a_fault_is_one_image_at_the_latest_in_the_next_run(
    simulator: Simulator, proxy: FaultProxy, log_in: Drivers, step: str
) -> None:
    outcomes = []
    for fault in FAULTS:
        proxy.forget()
        driver = log_in(proxy)
        _ = driver.place.session.content
        fault.breaks(proxy, simulator, step)
        outcomes.append(run(lambda driver, _: driver.import_image(), driver, None))  # type: ignore[arg-type]
        proxy.forget()
        if outcomes[-1] == ERROR:
            driver.place.session.close()
            log_in().import_image()
        (base,) = simulator.machines()
        assert simulator.extra_config(base)["kubelab.phase"] == "ready", fault.name
        log_in().images.release(driver.ova.sha256, DATASTORE, IMAGE_USER)
        assert simulator.machines() == {}, fault.name
        assert simulator.folders() == set(), fault.name
    faults.documented(f"import: {step}", outcomes)
