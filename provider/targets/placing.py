"""Where machines are among several targets: what was recorded, what is declared, and where new ones go. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from provider.targets.settings import Settings
from provider.vsphere.conditions.room import Room
from provider.vsphere.errors import RefusedError
from provider.wire import UNKNOWN, Properties

_OF_TARGET = ("datastore", "network", "image")
"""What a machine has of its target."""


def recorded(known: Settings, olds: Properties) -> Properties:
    """The properties of a resource as they were kept, its target by today's name."""
    host = str(olds.get("host") or "")
    if host not in known.targets:
        host = known.former.get(host, host)
    others = {key: value for key, value in olds.items() if key != "host"}
    return {**others, "host": host} if host else others


def is_said(news: Properties) -> bool:
    """True of a resource that says on which target it is."""
    return bool(news.get("host"))


def placed(known: Settings, news: Properties, host: str) -> Properties:
    """The properties of a resource that does not say its target, on the one of this name; of any other as they are.

    With several targets it has images on all of them, and of its own there is what its target has.
    """
    if is_said(news):
        return news
    found = {**_without_images(news), **known.homes.get(host, {})}
    images = news.get("images")
    if images is not None:
        found["image"] = images.get(host, UNKNOWN) if isinstance(images, dict) else UNKNOWN
    return {**found, **({"host": host} if host else {})}


def not_placed_yet(news: Properties) -> Properties:
    """The properties of a machine whose target is chosen when it is made."""
    if is_said(news) or "images" not in news:
        return news
    return {**_without_images(news), **dict.fromkeys((*_OF_TARGET, "host"), UNKNOWN)}


def stays(known: Settings, called: str, olds: Properties, news: Properties) -> Properties:
    """The new properties of a resource that exists: one that does not say its target stays where it is.

    `olds` are as `recorded` gives them. Raises RefusedError if that target is named no more.
    """
    host = str(olds.get("host") or "")
    if not is_said(news) and known.targets and host not in known.targets:
        others = ", ".join(name for name in known.targets if name) or "the target's name, once it has one"
        raise RefusedError(
            f"machine {called}: {named_no_more(host)}; name it again, or write host ({others}) at node {called} in the "
            "stack file, which makes the machine anew there"
        )
    return placed(known, news, host)


def named_no_more(host: str) -> str:
    """Of what is on a target that the site file does not name any more."""
    return f"it is on {host or 'the target without a name'}, which the site file names no more"


def plan(wanted: Sequence[Mapping[str, Any]], rooms: Mapping[str, Room], known: Mapping[str, str]) -> dict[str, str]:
    """The target of each machine that names none: where it is already, else the one with most free memory.

    `wanted` has `name` and `memoryMiB` of each, `known` the targets of those of which it is known. The largest go
    first, each where most is free after those before it; of two that are alike, the first in the order of the site.
    """
    found = {each["name"]: known[each["name"]] for each in wanted if known.get(each["name"]) in rooms}
    for host, room in rooms.items():
        found = {each["name"]: host for each in wanted if each["name"] in room.ours} | found
    free = {host: room.free_mib for host, room in rooms.items()}
    for each in wanted:
        if each["name"] in found and each["name"] not in rooms[found[each["name"]]].ours:
            free[found[each["name"]]] -= int(each["memoryMiB"])
    for each in sorted(wanted, key=lambda machine: -int(machine["memoryMiB"])):
        if each["name"] not in found:
            host = max(free, key=lambda name: free[name])
            found[each["name"]] = host
            free[host] -= int(each["memoryMiB"])
    return found


def _without_images(news: Properties) -> Properties:
    return {key: value for key, value in news.items() if key != "images"}
