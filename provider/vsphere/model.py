"""A machine and an image as found: plain data, no pyvmomi object. Sizes in the units that the names say. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from provider.vsphere import identity
from provider.vsphere.desired import Hardware
from provider.vsphere.devices import Card, Controller, primary_of
from provider.vsphere.errors import VsphereError
from provider.vsphere.lifecycle.declared import DesiredDisk


@dataclass(frozen=True, slots=True)
class Disk:
    """A virtual disk of a machine: device key and place, datastore path, capacity in bytes.

    `base` is the path below all snapshots, "" where it is `path` itself; `parents` are all that it is read from, the
    nearest first, and `base` the last of them. `thin` is true where the host does not say.
    """

    key: int
    controller_key: int
    unit: int
    path: str
    capacity: int
    base: str = ""
    parents: tuple[str, ...] = ()
    thin: bool = True

    @property
    def place(self) -> str:
        """Where it hangs, which a clone's disk has of its source's."""
        return f"{self.controller_key}:{self.unit}"


@dataclass(frozen=True, slots=True)
class Question:
    """A question of the host's about a machine: its text in one line, and the choices that it gives."""

    text: str
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ObservedMachine:
    """What the host says about a machine. `addresses` are the IPv4 addresses of its primary card, by its MAC."""

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
    connection: str = "connected"
    secure_boot: bool = False
    question: Question | None = None
    snapshots: tuple[str, ...] = ()
    template: bool = False
    cards: tuple[Card, ...] = ()
    controllers: tuple[Controller, ...] = ()
    cpu_hot_add: bool = False
    memory_hot_add: bool = False

    @property
    def marked_macs(self) -> tuple[str, ...]:
        """The MACs of the cards that it was given besides its first one."""
        return tuple(self.extra_config.get(identity.CARDS_KEY, "").split())

    @property
    def marked_disks(self) -> tuple[str, ...]:
        """The names of the disks that it was given besides its first one."""
        return tuple(self.extra_config.get(identity.DISKS_KEY, "").split())

    @property
    def primary_card(self) -> Card | None:
        """The card that it was made with."""
        return primary_of(self.cards, self.marked_macs)

    def extra_disk_path(self, name: str) -> str:
        """Where its further disk of this name lies."""
        return f"{self.vmx_path.removesuffix('.vmx')}-{name}.vmdk"

    def extra_disk(self, name: str) -> Disk | None:
        """The disk at the path of its further disk of this name, None if none is attached."""
        path = self.extra_disk_path(name)
        return next((disk for disk in self.disks if (disk.base or disk.path) == path), None)

    @property
    def folder(self) -> str:
        """Its own folder, a datastore path that ends in a slash."""
        return self.vmx_path.rpartition("/")[0] + "/"

    @property
    def root_disk(self) -> Disk | None:
        """The disk it was made with, noted where a vCenter chose its name: else `w1.vmdk` beside its `w1.vmx`.

        Where it stands among the disks says nothing.
        """
        noted = self.extra_config.get(identity.DISK_KEY)
        made = f"{self.folder}{noted}" if noted else f"{self.vmx_path.removesuffix('.vmx')}.vmdk"
        return next((disk for disk in self.disks if made in (disk.path, disk.base, *disk.parents)), None)

    @property
    def below_root_disk(self) -> tuple[str, ...]:
        """What its root disk is read from in its own folder, which are its snapshots'."""
        root = self.root_disk
        return () if root is None else tuple(path for path in root.parents if path.startswith(self.folder))

    @property
    def linked_to(self) -> str:
        """The disk of another machine that its root disk is read from, "" if there is none."""
        root = self.root_disk
        return next((path for path in root.parents if not path.startswith(self.folder)), "") if root else ""

    @property
    def _is_image(self) -> bool:
        """True of a base machine: a clone may have its marks, and is known by its owner's."""
        return identity.IMAGE_KEY in self.extra_config and identity.OWNER_KEY not in self.extra_config

    @property
    def _cloned_disks(self) -> tuple[Disk, ...]:
        """The disks that an unfinished clone came with, by where they hang: its root disk is not noted yet."""
        if self.extra_config.get(identity.DISK_KEY) or self.extra_config.get(identity.PHASE_KEY) != identity.CREATING:
            return ()
        places = self.extra_config.get(identity.CLONED_KEY, "").split()
        return tuple(disk for disk in self.disks if disk.place in places and disk.path.startswith(self.folder))

    @property
    def made_disks(self) -> tuple[Disk, ...]:
        """The disks that were made for it and end with it: the root disk and its further ones, or what an image had."""
        if not self._is_image:
            own_ones = (self.root_disk, *map(self.extra_disk, self.marked_disks), *self._cloned_disks)
            return tuple(dict.fromkeys(disk for disk in own_ones if disk is not None))
        own = [disk for disk in self.disks if disk.path.startswith(self.folder)]
        content = self.extra_config.get(identity.CONTENT_KEY)
        names = {line.partition("|")[0] for line in content.split("; ")} if content else None
        return tuple(
            disk
            for disk in own
            if names is None or any(path.removeprefix(self.folder) in names for path in (disk.path, *disk.parents))
        )

    @property
    def powered_on(self) -> bool:
        """True while it runs."""
        return self.power_state == "poweredOn"


@dataclass(frozen=True, slots=True)
class MachineState:
    """What callers keep of a machine: identity, address (None while unknown) and the settings that can drift.

    `cards` and `disks` (by name) are those that it was given besides the ones it was made with; `card_connected`
    is of its primary card; `hardware_version` is 0 if the host does not show it. `lost_firmware` is that which it was
    made with, where it has another.
    """

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
    suspended: bool = False
    hardware_version: int = 0
    cards: tuple[Card, ...] = ()
    disks: Mapping[str, DesiredDisk] = field(default_factory=dict)
    card_connected: bool = True
    firmware: str = ""
    lost_firmware: str = ""


class Heard(Enum):
    """What was met at a machine's ssh port."""

    OUR_KEY = "the host key that it was given"
    ANOTHER_KEY = "another host key"
    NOTHING = "no ssh server"


@dataclass(frozen=True, slots=True)
class SshAnswer:
    """What a machine's address answered, with the evidence in a few words."""

    heard: Heard
    evidence: str = ""


# Asks an address for its ssh host key and compares it with the one given, in OpenSSH's form; takes seconds at most.
AskSsh = Callable[[str, str], SshAnswer]


@dataclass
class HalfMadeError(VsphereError):
    """The machine exists and is marked as ours, but is not finished; `state` is what is known of it."""

    reason: str
    state: MachineState

    def __str__(self) -> str:
        return self.reason


@dataclass(frozen=True, slots=True)
class ImageSource:
    """An OVA (path or URL, SHA-256 in hex) and where to import it; `network` is only what its NICs are mapped to.

    With `template` it is an existing template of that name instead: `ova` is empty then, `sha256` that of its name.
    `least_disk_gib` is the smallest disk that a machine is to have of it, 0 if that is not known;
    `nested_virtualization` is true if one of them must have it; `hardware_versions` are those that are declared, by
    the names of their machines.
    """

    ova: str
    sha256: str
    datastore: str
    network: str | None = None
    least_disk_gib: int = 0
    nested_virtualization: bool = False
    template: str = ""
    hardware_versions: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ImportedImage:
    """The imported disk: datastore path and capacity in bytes; `name` tells it from others of the place."""

    disk_path: str
    capacity: int
    name: str = ""
