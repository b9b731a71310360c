"""Each fault at each call that changes something: it goes on or it is one error, and the next run converges."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from provider.vsphere.cancel import CancelToken
from provider.vsphere.desired import DesiredMachine
from provider.vsphere.errors import VsphereError
from provider.vsphere.identity import base_name
from provider.vsphere.model import ImageSource
from tests.vsphere import faults
from tests.vsphere import simulator as simulators
from tests.vsphere.conftest import IMAGE_USER, OWNER, Driver, resized
from tests.vsphere.fault_proxy import FaultProxy
from tests.vsphere.faults import ENDLESS_SECONDS, FAULTS, Fault
from tests.vsphere.images.ova import build_ova
from tests.vsphere.simulated_host import Ova
from tests.vsphere.simulator import DATASTORE, Simulator
from tests.vsphere.targets import TARGETS, Target

GOES_ON, ERROR = "goes on", "error"
FASTER = 20


class Hasty(CancelToken):
    """Pauses between two attempts are short: what is waited for here comes at once, or never."""

    def sleep(self, seconds: float, doing: str) -> None:
        super().sleep(seconds / FASTER, doing)


@dataclass
class Broken:
    """A host of a kind with a proxy before it, for all calls of a kind. The image is there."""

    target: Target
    simulator: Simulator
    proxy: FaultProxy
    ova: Ova
    numbers: Iterator[int]

    def driver(self, through: FaultProxy | None = None) -> Driver:
        """A driver logged in anew."""
        cancel = Hasty()
        endpoint = self.simulator.endpoint(port=through.port if through else None)
        return Driver(simulators.connected(endpoint, cancel, self.target.placement), cancel, self.ova)

    def source(self, ova: Ova, machine: DesiredMachine) -> ImageSource:
        """The image as a lab declares it for such machines."""
        return replace(ova.source, network=None, least_disk_gib=machine.disk_gib)

    def machine(self, like: DesiredMachine) -> DesiredMachine:
        """Another machine, whose guest reports another address."""
        number = next(self.numbers)
        address = f"10.87.{number // 200}.{number % 200 + 10}"
        return replace(
            like,
            name=f"w{number}",
            machine_network=IPv4Network("10.87.0.0/16"),
            extra_config={"SET.guest.ipAddress": address},
        )

    def outcome(self, fault: Fault, step: str, operation: Callable[[Driver], object]) -> str:
        """How an operation ends that meets a fault: by its success, or by one line, after which another run follows."""
        self.proxy.forget()
        driver = self.driver(self.proxy)
        _ = driver.place.session.content
        if fault.is_endless and (step.endswith("_Task") or step == "ImportVApp"):
            driver.place.session.task_seconds = ENDLESS_SECONDS
        fault.breaks(self.proxy, self.simulator, step)
        said = _said(operation, driver)
        assert "\n" not in said
        self.proxy.forget()
        driver.place.session.close()
        if said:
            self.quietly(operation)
        return ERROR if said else GOES_ON

    def clear(self, name: str) -> None:
        """Destroys a machine, which would be listed for all that come after it."""
        machine = self.simulator.machines()[name]
        self.simulator.run_task(machine.PowerOffVM_Task())
        self.simulator.run_task(machine.Destroy_Task())

    def quietly(self, operation: Callable[[Driver], object]) -> None:
        """What no fault comes between."""
        driver = self.driver()
        operation(driver)
        driver.place.session.close()


def _said(operation: Callable[[Driver], object], driver: Driver) -> str:
    try:
        operation(driver)
    except VsphereError as error:
        return str(error)
    return ""


Hosts = Callable[[Target, DesiredMachine], Broken]


@pytest.fixture(scope="module")
def broken(esxi: Path, ova: Ova, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    """The host of each kind for such machines, started at the first call that is tried on it."""
    started: dict[str, Broken] = {}

    def of(target: Target, machine: DesiredMachine) -> Broken:
        if target.name not in started:
            simulator = Simulator(esxi, tmp_path_factory.mktemp("host"), placement=target.placement)
            certificate = simulator.certificate
            proxy = FaultProxy(simulator.port, certificate.cert, certificate.key, simulator.ssl_context)
            host = started[target.name] = Broken(target, simulator, proxy, ova, itertools.count())
            host.quietly(lambda driver: driver.images.acquire(host.source(ova, machine), IMAGE_USER))
        return started[target.name]

    yield of
    for each in started.values():
        each.proxy.stop()
        each.simulator.stop()


def calls(kind: str) -> pytest.MarkDecorator:
    """Each target with each of its calls of a kind."""
    cases = [(target, step) for target in TARGETS for step in getattr(target, kind)]
    return pytest.mark.parametrize(("target", "step"), cases, ids=[f"{target.name}-{step}" for target, step in cases])


@calls("create")
def test_a_create_that_meets_a_fault_is_one_machine_at_the_latest_in_the_next_run(
    broken: Hosts, w1: DesiredMachine, target: Target, step: str
) -> None:
    host = broken(target, w1)
    simulator, before = host.simulator, (host.simulator.machines().keys(), host.simulator.folders())
    outcomes = []
    for fault in FAULTS:
        machine = host.machine(w1)
        outcomes.append(host.outcome(fault, step, partial(Driver.create_alone, desired=machine)))
        marks = simulator.extra_config(machine.name)
        assert (marks["kubelab.owner"], marks["kubelab.phase"]) == (f"{OWNER}/{machine.name}", "ready"), fault.name
        assert simulator.machines().keys() == before[0] | {machine.name}, f"{fault.name}: something else is there"
        assert len(simulator.folders()) == len(before[1]) + 1, f"{fault.name}: or in the datastore"
        host.clear(machine.name)
    faults.documented(target.name, f"create: {step}", outcomes)


@calls("update")
def test_an_update_that_meets_a_fault_ends_as_wanted_at_the_latest_in_the_next_run(
    broken: Hosts, w1: DesiredMachine, target: Target, step: str
) -> None:
    host = broken(target, w1)
    made, outcomes = host.machine(w1), []
    host.quietly(lambda driver: driver.create_alone(made))
    before = host.simulator.machines().keys()
    for number, fault in enumerate(FAULTS):
        machine = resized(made, cpus=1 + number % 2)
        outcomes.append(host.outcome(fault, step, partial(Driver.update, desired=machine)))
        found = host.simulator.facts(made.name, "config.hardware.numCPU", "runtime.powerState")
        assert found["config.hardware.numCPU"] == machine.hardware.cpus, fault.name
        assert str(found["runtime.powerState"]) == "poweredOn", fault.name
    assert host.simulator.machines().keys() == before
    host.clear(made.name)
    faults.documented(target.name, f"update: {step}", outcomes)


@calls("delete")
def test_a_delete_that_meets_a_fault_leaves_nothing_at_the_latest_after_the_next_run(
    broken: Hosts, w1: DesiredMachine, target: Target, step: str
) -> None:
    host = broken(target, w1)
    before = (host.simulator.machines().keys(), host.simulator.folders())
    outcomes = []
    for fault in FAULTS:
        machine = host.machine(w1)
        host.quietly(partial(Driver.create_alone, desired=machine))
        outcomes.append(host.outcome(fault, step, partial(Driver.destroy, desired=machine)))
        assert (host.simulator.machines().keys(), host.simulator.folders()) == before, fault.name
    faults.documented(target.name, f"delete: {step}", outcomes)


@calls("image")
def test_an_import_that_meets_a_fault_is_one_image_at_the_latest_in_the_next_run(
    broken: Hosts, w1: DesiredMachine, tmp_path: Path, target: Target, step: str
) -> None:
    host = broken(target, w1)
    path = tmp_path / "other.ova"
    other = Ova(path, build_ova(path, f"Another node: {target.name} {step}.\n".encode()))
    source, size = host.source(other, w1), w1.disk_gib if target.placement.linked else 0
    before = (host.simulator.machines().keys(), host.simulator.folders())
    outcomes = []
    for fault in FAULTS:
        outcomes.append(host.outcome(fault, step, lambda driver: driver.images.acquire(source, IMAGE_USER)))
        assert host.simulator.extra_config(base_name(other.sha256, size))["kubelab.phase"] == "ready", fault.name
        host.quietly(lambda driver: driver.images.release(other.sha256, DATASTORE, IMAGE_USER, size))
        assert (host.simulator.machines().keys(), host.simulator.folders()) == before, fault.name
    faults.documented(target.name, f"import: {step}", outcomes)
