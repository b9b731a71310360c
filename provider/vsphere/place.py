"""The place of machines: what making, finding and destroying them needs to know of where they are.

One file implements it for each kind of server. Names are what a user writes: a name where there is one datacenter, an
inventory path where there are several. Everything else of the driver knows a place only by this protocol.
"""

import ssl
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from provider.vsphere.api.session import Session
from provider.vsphere.limit import Limit
from provider.vsphere.making.promises import Promise, Promises
from provider.vsphere.paths import path, split

DISK_COPIES = 4  # more at once only make each slower


@dataclass(frozen=True, slots=True)
class Datastore:
    """A datastore, and the name that datastore paths call it by."""

    ref: Any
    name: str

    def path(self, *parts: str) -> str:
        """A datastore path."""
        return path(self.name, *parts)


@dataclass(frozen=True, slots=True)
class Network:
    """A network, and the backing of a NIC on it, which differs by the kind of network."""

    ref: Any
    nic_backing: Any


@dataclass(frozen=True, slots=True)
class UploadTarget:
    """Where a disk is sent to, and what verifies that server."""

    server: str
    port: int
    path: str
    context: ssl.SSLContext


class Cloning(Enum):
    """How a server makes a machine of another one."""

    FULL = "its disks are copied"
    LINKED = "its disks are read, and written to disks of the new one's own"


class Turns:
    """Who may go on where only a few may at once, and what space was promised. One per process and place."""

    def __init__(self) -> None:
        self.disk_copies = Limit(DISK_COPIES)
        self.promises = Promises()
        self._images: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()

    def image(self, key: str) -> threading.Lock:
        """The lock of one image, so that this process imports it once."""
        with self._guard:
            return self._images.setdefault(key, threading.Lock())


class Place(Protocol):
    """A logged-in place. Objects are found at their first use; none that is missing is passed over."""

    @property
    def session(self) -> Session:
        """The login."""

    @property
    def turns(self) -> Turns:
        """Who may go on."""

    @property
    def identity(self) -> str:
        """What tells it from other places that have the same datastores: fit for a folder's name, always the same."""

    @property
    def datacenter(self) -> Any:
        """The datacenter that datastore paths belong to."""

    @property
    def folder(self) -> Any:
        """The folder that new machines are put in."""

    @property
    def pool(self) -> Any:
        """The resource pool that new machines take from."""

    @property
    def host(self) -> Any | None:
        """The host that new machines are put on, None where the server chooses."""

    @property
    def any_host(self) -> Any | None:
        """A host for what has to be put on one and can be moved later, None where the server needs none to be named."""

    @property
    def hosts(self) -> Sequence[Any]:
        """The hosts that new machines may come to."""

    @property
    def offers_nested_virtualization(self) -> bool:
        """Whether the host that new machines are put on says that it can pass its CPU's virtualization on."""

    @property
    def hardware_versions(self) -> tuple[int, ...]:
        """The numbers of the hardware versions that new machines may have, none where the server does not say them."""

    @property
    def cloning(self) -> Cloning | None:
        """How machines come from an image, None where the server clones none: their disks are copied then."""

    def image_scope(self, datastore: str) -> str:
        """What tells images on this datastore from all others that the server knows; always the same."""

    def template(self, name: str) -> Any:
        """A template by its name. Raises GoneError if there is none, VsphereError if this server has no templates."""

    def datastore(self, name: str, promise: Promise | None = None) -> Datastore:
        """The datastore that something new is put on. Where several are called so, `promise` is kept on it.

        Raises GoneError if there is none of that name, VsphereError if it is not accessible.
        """

    def datastores(self, name: str) -> tuple[Datastore, ...]:
        """All that are called so by a user: several where it is a cluster of them. Raises as `datastore`."""

    def network(self, name: str) -> Network:
        """A network. Raises GoneError if there is none of that name."""

    def network_named(self, of_card: str) -> str:
        """A network as users call it, by what a card calls it: see `observe.network_id`."""

    def upload_target(self, device: Any) -> UploadTarget:
        """Where the disk of an HttpNfcLeaseDeviceUrl is sent to."""


def home_of(place: Place, datastore: str, vmx_path: str) -> Datastore:
    """The datastore that a machine is on, of those that `datastore` stands for, or any other. Raises as `datastore`."""
    name = split(vmx_path)[0]
    named = (each for each in place.datastores(datastore) if each.name == name)
    return next(named, None) or place.datastore(name)
