"""The driver logged in to a simulated host, directly or through a proxy."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from ipaddress import IPv4Network

import pytest

from provider.vsphere.cancel import CancelToken
from provider.vsphere.desired import DesiredMachine, Hardware
from provider.vsphere.identity import instance_uuid, marker
from provider.vsphere.images.base_machines import Images
from provider.vsphere.machines import Machines
from provider.vsphere.model import Heard, ImportedImage, MachineState, SshAnswer
from provider.vsphere.place import Place
from tests.vsphere import simulator as simulators
from tests.vsphere.fault_proxy import FaultProxy
from tests.vsphere.simulated_host import Ova, esxi, ova, proxy, simulator
from tests.vsphere.simulator import DATASTORE, NETWORK, Simulator

__all__ = ["esxi", "ova", "proxy", "simulator"]

OWNER = "kubelab/test"
IMAGE_USER = f"{OWNER}/image"


class Driver:
    """The driver under test, in a login of its own."""

    def __init__(self, place: Place, cancel: CancelToken, ova: Ova) -> None:
        self.place = place
        self.cancel = cancel
        self.ova = ova
        self.progress: list[str] = []
        self.images = Images(place, self.progress.append)
        self.answer = SshAnswer(Heard.OUR_KEY)  # of every guest's ssh server
        self.asked: list[tuple[str, str]] = []  # addresses and host keys
        self.on_progress: Callable[[str], None] = lambda _: None
        self.machines = Machines(place, self._tell, self._ask_ssh)

    def _tell(self, message: str) -> None:
        self.progress.append(message)
        self.on_progress(message)

    def _ask_ssh(self, address: str, host_key: str) -> SshAnswer:
        self.asked.append((address, host_key))
        return self.answer

    def import_image(self, user: str = IMAGE_USER) -> ImportedImage:
        return self.images.acquire(self.ova.source, user)

    def create(self, desired: DesiredMachine, seconds: float = 30) -> MachineState:
        """Imports the image if need be, and creates the machine."""
        self.import_image()
        return self.machines.create(desired, marker(OWNER, desired.name), seconds)

    def create_alone(self, desired: DesiredMachine, seconds: float = 30) -> MachineState:
        """Creates the machine of an image that is there."""
        return self.machines.create(desired, marker(OWNER, desired.name), seconds)

    def update(self, desired: DesiredMachine, obsolete: set[str] | None = None) -> MachineState:
        instance = instance_uuid(marker(OWNER, desired.name))
        return self.machines.update(instance, desired, obsolete or (), 30)

    def read(self, desired: DesiredMachine) -> MachineState | None:
        instance = instance_uuid(marker(OWNER, desired.name))
        return self.machines.read(instance, desired.name, desired.machine_network)

    def destroy(self, desired: DesiredMachine) -> list[str]:
        return self.machines.destroy(instance_uuid(marker(OWNER, desired.name)), desired.name, desired.datastore)

    def abandon(self) -> None:
        """As when the engine is killed: no call that changes anything is made any more."""
        self.cancel.cancel(abandoned=True)


Drivers = Callable[..., Driver]


@pytest.fixture
def log_in(simulator: Simulator, ova: Ova) -> Iterator[Drivers]:
    """Makes drivers: log_in() directly, log_in(proxy) through a proxy."""
    made: list[Driver] = []

    def make(through: FaultProxy | None = None) -> Driver:
        cancel = CancelToken()
        endpoint = simulator.endpoint(port=through.port if through else None)
        made.append(Driver(simulators.connected(endpoint, cancel), cancel, ova))
        return made[-1]

    yield make
    for driver in made:
        driver.place.session.close()


@pytest.fixture
def driver(log_in: Drivers) -> Driver:
    """A driver without a proxy."""
    return log_in()


@pytest.fixture
def w1(ova: Ova) -> DesiredMachine:
    """A machine whose guest reports an address at once."""
    return DesiredMachine(
        name="w1",
        hardware=Hardware(cpus=2, memory_mib=1024, nested_virtualization=True),
        disk_gib=4,
        image_disk="[LocalDS_0] the-image/disk.vmdk",
        image_sha256=ova.sha256,
        datastore=DATASTORE,
        network=NETWORK,
        machine_network=IPv4Network("10.87.0.0/24"),
        ssh_user="lab",
        ssh_public_key="ssh-ed25519 AAAAuser lab",
        host_key_private="-----BEGIN OPENSSH PRIVATE KEY-----\nthe-private-host-key\n",
        host_key_public="ssh-ed25519 AAAAhost w1",
        extra_config={"SET.guest.ipAddress": "10.87.0.11", "user.note": "passed through"},
    )


def resized(machine: DesiredMachine, **hardware: int | bool) -> DesiredMachine:
    """The machine with other hardware."""
    return replace(machine, hardware=replace(machine.hardware, **hardware))  # type: ignore[arg-type, unused-ignore]


@pytest.fixture
def silent(w1: DesiredMachine) -> DesiredMachine:
    """A machine whose guest never reports an address."""
    return replace(w1, name="silent", extra_config={})
