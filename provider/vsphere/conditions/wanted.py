"""What a whole lab wants of a host, known before its first machine is made. Pure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provider.vsphere.lifecycle.declared import DesiredCard, DesiredDisk, cards_of, disks_of


@dataclass(frozen=True, slots=True)
class WantedMachine:
    """A machine that is declared: its name, sizes, and the datastore and network that it is to have.

    `mac` and `address` are "" where the host and DHCP give them. `cards` and `disks` are those besides its first ones.
    `template` is that of a vCenter which it is made of, else `image_sha256` tells its image. `hardware_version` None is
    any.
    """

    name: str
    disk_gib: int
    memory_mib: int
    datastore: str
    network: str
    mac: str = ""
    address: str = ""
    disks: tuple[DesiredDisk, ...] = ()
    hardware_version: int | None = None
    template: str = ""
    image_sha256: str = ""
    cards: tuple[DesiredCard, ...] = ()


def parsed(text: str) -> tuple[WantedMachine, ...]:
    """The machines of a JSON list of what `machine` takes. Raises ValueError."""
    found: Any = json.loads(text or "[]")
    try:
        return tuple(map(machine, found))
    except (AttributeError, TypeError, KeyError) as error:
        raise ValueError(f"wanted a list of machines ({error})") from None


def machine(each: Mapping[str, Any]) -> WantedMachine:
    """A machine of `name`, `diskGiB`, `memoryMiB`, `datastore`, `network`. Raises KeyError, TypeError, ValueError.

    `mac`, `address`, `networks`, `extraDisks`, `hardwareVersion`, `template`, `imageSha256` are there where they are
    declared.
    """
    version = each.get("hardwareVersion")
    return WantedMachine(
        str(each["name"]),
        int(each["diskGiB"]),
        int(each["memoryMiB"]),
        str(each["datastore"]),
        str(each["network"]),
        str(each.get("mac", "")),
        str(each.get("address", "")),
        disks_of(each.get("extraDisks")),
        None if version is None else int(version),
        str(each.get("template", "")),
        str(each.get("imageSha256", "")),
        cards_of(each.get("networks")),
    )


def datastores(machines: Sequence[WantedMachine]) -> list[str]:
    """The datastores of machines, each once."""
    return list(dict.fromkeys(machine.datastore for machine in machines))


def networks(machines: Sequence[WantedMachine]) -> list[str]:
    """The networks of machines and of their further cards, each once."""
    further = (card.network for machine in machines for card in machine.cards)
    return list(dict.fromkeys([*(machine.network for machine in machines), *further]))
