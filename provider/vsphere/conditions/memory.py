"""How much memory of a place is free: what its hosts have, without what machines that are on were given.

What is given counts, and not what is used just now: a machine that was started a minute ago has used little of it.
"""

from collections.abc import Collection
from typing import Any

from provider.vsphere import identity
from provider.vsphere.api import collector
from provider.vsphere.api.sdk import Facts
from provider.vsphere.conditions import connection_state
from provider.vsphere.conditions.room import Room
from provider.vsphere.errors import GoneError
from provider.vsphere.place import Place

_DOING = "asking for free memory"
_MIB = 1024**2
_HOST = ("hardware.memorySize", "runtime.connectionState", "runtime.inMaintenanceMode", "vm")
_MACHINE = ("summary.config.memorySizeMB", "runtime.powerState")


def room(place: Place, owner: str, names: Collection[str]) -> Room:
    """The memory that is free for machines, and which of these names are machines of `owner` there.

    Raises VsphereError.
    """
    hosts = collector.read_many(place.session, _DOING, place.hosts, _HOST).values()
    usable = [facts for facts in hosts if _is_usable(facts)]
    given = sum(_given(place, list(facts.get("vm") or [])) for facts in usable)
    has = sum(int(facts.get("hardware.memorySize") or 0) for facts in usable) // _MIB
    return Room(has - given, frozenset(_ours(place, owner, names)))


def _is_usable(facts: Facts) -> bool:
    connected = str(facts.get("runtime.connectionState", connection_state.CONNECTED)) == connection_state.CONNECTED
    return connected and facts.get("runtime.inMaintenanceMode") is not True


def _given(place: Place, machines: list[Any]) -> int:
    """What those that are on were given, in MiB; one that goes meanwhile takes nothing."""
    try:
        found = collector.read_many(place.session, _DOING, machines, _MACHINE)
    except GoneError:
        return sum(_given(place, [machine]) for machine in machines) if len(machines) > 1 else 0
    return sum(
        int(facts.get("summary.config.memorySizeMB") or 0)
        for facts in found.values()
        if str(facts.get("runtime.powerState")) == "poweredOn"
    )


def _ours(place: Place, owner: str, names: Collection[str]) -> list[str]:
    if not names:
        return []
    found = []
    for facts in collector.machines_in(place.session, _DOING, place.folder, ["name", "config.extraConfig"]).values():
        marks = {option.key: str(option.value) for option in facts.get("config.extraConfig") or []}
        if facts.get("name") in names and identity.is_of(owner, marks.get(identity.OWNER_KEY, "")):
            found.append(str(facts["name"]))
    return found
