"""Where in a vCenter machines are put: what a user says of it, beyond a datastore and a network. Pure."""

from collections.abc import Mapping
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

KEYS = tuple(_KEYS.values())
"""The keys of a placement, as in the site file and in the provider's configuration; `clone` is full or linked."""


def foreign_keys(doing: str, about: Any, placement: Placement) -> RefusedError:
    """What to say of keys that a server does not know, which is no vCenter, by the AboutInfo that it gives."""
    keys = placement.said
    return RefusedError(
        f"{doing}: this is {about.fullName}, no vCenter, but platform.vsphere of the site file has {', '.join(keys)}, "
        f"which {'are' if len(keys) > 1 else 'is'} a vCenter's; remove that, or name the vCenter as server"
    )


def fault(key: str, value: Any) -> str | None:
    """What is wrong with the value of one of `KEYS`, None if nothing is."""
    if not isinstance(value, str) or not value:
        return f"found {value!r}, wanted a name"
    if key == "clone" and value not in (_FULL, _LINKED):
        return f"found {value!r}, wanted {_FULL} or {_LINKED}"
    return None


def placement(properties: Mapping[str, Any]) -> Placement:
    """The placement that these properties, without faults, say by `KEYS`; there may be others among them."""
    names = {name: str(properties.get(key) or "") for name, key in _KEYS.items() if key != "clone"}
    return Placement(**names, linked=properties.get("clone") == _LINKED)
