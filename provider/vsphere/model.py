"""A machine as wanted and as found: plain data, no pyvmomi object. Sizes in the units that the names say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network


@dataclass(frozen=True)
class DesiredMachine:
    """What a machine should be. `image_disk` is the datastore path of the imported image's disk."""

    name: str
    cpus: int
    memory_mib: int
    disk_gib: int
    nested_virtualization: bool
    image_disk: str
    image_sha256: str
    datastore: str
    network: str
    machine_network: IPv4Network
    ssh_user: str
    ssh_public_key: str
    host_key_private: str = field(repr=False)
    host_key_public: str
    extra_config: Mapping[str, str]


@dataclass(frozen=True)
class Disk:
    """A virtual disk of a machine: device key and place, datastore path, capacity in bytes."""

    key: int
    controller_key: int
    unit: int
    path: str
    capacity: int


@dataclass(frozen=True)
class ObservedMachine:
    """What the host says about a machine. `addresses` are the IPv4 addresses of its first NIC, by that NIC's MAC."""

    moid: str
    name: str
    instance_uuid: str
    power_state: str
    cpus: int
    memory_mib: int
    nested_virtualization: bool
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


@dataclass(frozen=True)
class MachineState:
    """What callers keep of a machine: identity, address (None while unknown) and the settings that can drift."""

    instance_uuid: str
    moid: str
    name: str
    mac: str | None
    address: str | None
    cpus: int
    memory_mib: int
    disk_gib: int
    nested_virtualization: bool
    datastore: str
    network: str | None
    powered_on: bool
    ready: bool
    extra_config: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True)
class ImageSource:
    """An OVA (path or URL, SHA-256 in hex) and where to import it; `network` is only what its NICs are mapped to."""

    ova: str
    sha256: str
    datastore: str
    network: str | None = None


@dataclass(frozen=True)
class ImportedImage:
    """The imported disk: datastore path and capacity in bytes."""

    disk_path: str
    capacity: int
