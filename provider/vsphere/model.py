"""A machine and an image as found: plain data, no pyvmomi object. Sizes in the units that the names say. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from provider.vsphere.desired import Hardware
from provider.vsphere.errors import VsphereError


@dataclass(frozen=True, slots=True)
class Disk:
    """A virtual disk of a machine: device key and place, datastore path, capacity in bytes."""

    key: int
    controller_key: int
    unit: int
    path: str
    capacity: int


@dataclass(frozen=True, slots=True)
class ObservedMachine:
    """What the host says about a machine. `addresses` are the IPv4 addresses of its first NIC, by that NIC's MAC."""

    moid: str
    name: str
    instance_uuid: str
    power_state: str
    hardware: Hardware
    vmx_path: str
    guest_id: str
    firmware: str
    hardware_version: str
    controller_kind: str
    disks: tuple[Disk, ...]
    mac: str | None
    network: str | None
    addresses: tuple[str, ...]
    tools: str
    seen_macs: tuple[str, ...]
    extra_config: Mapping[str, str] = field(repr=False)

    @property
    def powered_on(self) -> bool:
        """True while it runs."""
        return self.power_state == "poweredOn"


@dataclass(frozen=True, slots=True)
class MachineState:
    """What callers keep of a machine: identity, address (None while unknown) and the settings that can drift."""

    instance_uuid: str
    moid: str
    name: str
    mac: str | None
    address: str | None
    hardware: Hardware
    disk_gib: int
    datastore: str
    network: str | None
    powered_on: bool
    ready: bool
    extra_config: Mapping[str, str] = field(repr=False)


@dataclass
class HalfMadeError(VsphereError):
    """The machine exists and is marked as ours, but is not finished; `state` is what is known of it."""

    reason: str
    state: MachineState

    def __str__(self) -> str:
        return self.reason


@dataclass(frozen=True, slots=True)
class ImageSource:
    """An OVA (path or URL, SHA-256 in hex) and where to import it; `network` is only what its NICs are mapped to."""

    ova: str
    sha256: str
    datastore: str
    network: str | None = None


@dataclass(frozen=True, slots=True)
class ImportedImage:
    """The imported disk: datastore path and capacity in bytes."""

    disk_path: str
    capacity: int
