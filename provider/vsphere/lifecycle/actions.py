"""What can be done to a machine that exists, as plain data: its changes, and what each takes. Pure."""

from dataclasses import dataclass
from enum import Enum
from typing import Any

from provider.vsphere.devices import Card
from provider.vsphere.lifecycle.declared import DesiredCard, DesiredDisk
from provider.vsphere.model import Disk


class How(Enum):
    """What a change takes."""

    RUNNING = "while the machine runs"
    OFF = "while the machine is off"


@dataclass(frozen=True, slots=True)
class SetHardware:
    """Another value of an attribute of Hardware."""

    attribute: str
    value: Any


@dataclass(frozen=True, slots=True)
class SetKey:
    """An extraConfig key; "" removes it."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Rename:
    """Its name in the inventory."""

    name: str


@dataclass(frozen=True, slots=True)
class Upgrade:
    """Another hardware version."""

    version: int


@dataclass(frozen=True, slots=True)
class SetFirmware:
    """The firmware that it was made with: `bios`, `efi`, `efi+secureboot`."""

    word: str


@dataclass(frozen=True, slots=True)
class GrowDisk:
    """A disk of its own becomes larger."""

    disk: Disk
    gib: int


@dataclass(frozen=True, slots=True)
class AddDisk:
    """A further disk is made at `path`."""

    disk: DesiredDisk
    path: str
    controller_key: int
    unit: int


@dataclass(frozen=True, slots=True)
class RemoveDisk:
    """A further disk is deleted; `disk` is None for one that is not attached any more, which is only forgotten."""

    name: str
    disk: Disk | None


@dataclass(frozen=True, slots=True)
class AddCard:
    """A further card."""

    mac: str
    card: DesiredCard


@dataclass(frozen=True, slots=True)
class EditCard:
    """Another network of a card, or connected or not."""

    found: Card
    network: str
    connected: bool


@dataclass(frozen=True, slots=True)
class RemoveCard:
    """A further card is taken off."""

    found: Card


Action = (
    SetHardware
    | SetKey
    | Rename
    | Upgrade
    | SetFirmware
    | GrowDisk
    | AddDisk
    | RemoveDisk
    | AddCard
    | EditCard
    | RemoveCard
)


@dataclass(frozen=True, slots=True)
class Step:
    """One change: what is done, what it takes, and what it is for a user."""

    action: Action
    how: How
    told: str


@dataclass(frozen=True, slots=True)
class Plan:
    """All that has to change. `refused` is what cannot, in sentences; `macs` are those of further cards."""

    steps: tuple[Step, ...]
    refused: tuple[str, ...]
    macs: tuple[str, ...]

    @property
    def needs_off(self) -> bool:
        """True if the machine must be off for some of it."""
        return any(step.how is How.OFF for step in self.steps)

    @property
    def grows(self) -> bool:
        """True if a disk becomes larger."""
        return any(isinstance(step.action, GrowDisk) for step in self.steps)
