"""The driver logged in to a simulated vCenter, which the tests of a module share; each cleans up what it makes."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from provider.vsphere.cancel import CancelToken
from provider.vsphere.desired import DesiredMachine
from provider.vsphere.model import ImageSource
from provider.vsphere.placement import Placement
from tests.vsphere import simulator as simulators
from tests.vsphere.conftest import Driver
from tests.vsphere.fault_proxy import FaultProxy
from tests.vsphere.simulated_host import Ova
from tests.vsphere.simulator import Simulator

CLUSTER, HOST, POOL, FOLDER = "DC0_C0", "DC0_C0_H0", "lab", "lab/nodes"
PORT_GROUP, DATASTORE_CLUSTER = "DC0_DVPG0", "DC0_POD0"
FULL = Placement(cluster=CLUSTER)
LINKED = replace(FULL, linked=True)
LogIn = Callable[..., Driver]


@pytest.fixture(scope="module")
def vcenter(esxi: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """A simulated vCenter."""
    simulator = Simulator(esxi, tmp_path_factory.mktemp("vcenter"), placement=FULL)
    yield simulator
    simulator.stop()


@pytest.fixture
def through(vcenter: Simulator) -> Iterator[FaultProxy]:
    """A proxy in front of it."""
    certificate = vcenter.certificate
    proxy = FaultProxy(vcenter.port, certificate.cert, certificate.key, vcenter.ssl_context)
    yield proxy
    proxy.stop()


@pytest.fixture
def enter(vcenter: Simulator, ova: Ova) -> Iterator[LogIn]:
    """Makes drivers: enter(), enter(LINKED), enter(through=proxy); at the end nothing may be left of what they made."""
    made: list[Driver] = []

    def make(placement: Placement = FULL, through: FaultProxy | None = None) -> Driver:
        cancel = CancelToken()
        endpoint = vcenter.endpoint(port=through.port if through else None)
        made.append(Driver(simulators.connected(endpoint, cancel, placement), cancel, ova))
        return made[-1]

    yield make
    for driver in made:
        driver.place.session.close()
    clear(vcenter)


def clear(vcenter: Simulator) -> None:
    """Nothing is left, of machines that read a template before the template."""
    for name, ref in sorted(vcenter.machines().items(), key=lambda each: each[0].startswith("kubelab-base-")):
        if str(vcenter.facts(name, "runtime.powerState")["runtime.powerState"]) == "poweredOn":
            vcenter.run_task(ref.PowerOffVM_Task())
        vcenter.run_task(ref.Destroy_Task())
    for datastore in ("LocalDS_0", "LocalDS_1"):
        vcenter.remove_folders(datastore)


@pytest.fixture
def linked_w1(w1: DesiredMachine) -> DesiredMachine:
    """A machine whose disk is a linked clone's."""
    return replace(w1, disk_gib=4)


def source(driver: Driver, machine: DesiredMachine) -> ImageSource:
    """The image as a lab declares it for a machine: by size where clones are linked."""
    return replace(driver.ova.source, datastore=machine.datastore, network=None, least_disk_gib=machine.disk_gib)


def create(driver: Driver, machine: DesiredMachine, user: str = "kubelab/test/image") -> Any:
    """Imports the image if need be, and creates the machine."""
    driver.images.acquire(source(driver, machine), user)
    return driver.create_alone(machine)
