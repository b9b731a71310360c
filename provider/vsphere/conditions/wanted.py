"""What a whole lab wants of a host, known before its first machine is made. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class WantedMachine:
    """A machine that is declared: its name, sizes, and the datastore and network that it is to have.

    `mac` and `address` are "" where the host and DHCP give them.
    """

    name: str
    disk_gib: int
    memory_mib: int
    datastore: str
    network: str
    mac: str = ""
    address: str = ""


def parsed(text: str) -> tuple[WantedMachine, ...]:
    """The machines of a JSON list with `name`, `diskGiB`, `memoryMiB`, `datastore`, `network`. Raises ValueError.

    `mac` and `address` are there where they are declared.
    """
    found: Any = json.loads(text or "[]")
    try:
        return tuple(
            WantedMachine(
                str(each["name"]),
                int(each["diskGiB"]),
                int(each["memoryMiB"]),
                str(each["datastore"]),
                str(each["network"]),
                str(each.get("mac", "")),
                str(each.get("address", "")),
            )
            for each in found
        )
    except (TypeError, KeyError) as error:
        raise ValueError(f"wanted a list of machines ({error})") from None


def datastores(machines: Sequence[WantedMachine]) -> list[str]:
    """The datastores of machines, each once."""
    return list(dict.fromkeys(machine.datastore for machine in machines))


def networks(machines: Sequence[WantedMachine]) -> list[str]:
    """The networks of machines, each once."""
    return list(dict.fromkeys(machine.network for machine in machines))
