"""Where in a vCenter machines are put: what a user says of it, beyond a datastore and a network. Pure."""

import json
from dataclasses import dataclass, fields
from typing import Any

from provider.vsphere.errors import RefusedError

_FULL, _LINKED = "full", "linked"


@dataclass(frozen=True, slots=True)
class Placement:
    """Names, or inventory paths, as a user writes them; "" for what was not said. All of them are a vCenter's.

    `linked`: machines share their image's disk and write to disks of their own.
    """

    datacenter: str = ""
    cluster: str = ""
    host: str = ""
    resource_pool: str = ""
    folder: str = ""
    linked: bool = False

    @property
    def in_vcenter(self) -> bool:
        """True if it says which cluster or host of a vCenter."""
        return bool(self.cluster or self.host)

    @property
    def said(self) -> list[str]:
        """The keys that a user wrote, as in the site file."""
        return [_KEYS[field.name] for field in fields(self) if getattr(self, field.name)]


NOWHERE = Placement()
"""Of a host alone."""

_KEYS = {
    "datacenter": "datacenter",
    "cluster": "cluster",
    "host": "host",
    "resource_pool": "resourcePool",
    "folder": "folder",
    "linked": "clone",
}


def foreign_keys(doing: str, about: Any, placement: Placement) -> RefusedError:
    """What to say of keys that a server does not know, which is no vCenter, by the AboutInfo that it gives."""
    keys = placement.said
    return RefusedError(
        f"{doing}: this is {about.fullName}, no vCenter, but platform.vsphere of the site file has {', '.join(keys)}, "
        f"which {'are' if len(keys) > 1 else 'is'} a vCenter's; remove that, or name the vCenter as server"
    )


def parsed(text: str) -> Placement:
    """The placement of a JSON object with these keys; `clone` is full or linked. Raises ValueError."""
    found: Any = json.loads(text or "{}")
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise ValueError("wanted an object of texts")
    unknown = sorted(found.keys() - set(_KEYS.values()))
    if unknown:
        raise ValueError(f"unknown keys {', '.join(unknown)}, wanted some of {', '.join(_KEYS.values())}")
    if found.get("clone", _FULL) not in (_FULL, _LINKED):
        raise ValueError(f"clone is {found['clone']!r}, wanted {_FULL} or {_LINKED}")
    values = {name: found.get(key, "") for name, key in _KEYS.items() if key != "clone"}
    return Placement(**values, linked=found.get("clone") == _LINKED)
