"""Which machines have a disk in a folder, or one that is read from a disk in it; and who has a machine's disks too."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from provider.vsphere.api import collector
from provider.vsphere.api.sdk import vim
from provider.vsphere.errors import GoneError, InUseError, VsphereError
from provider.vsphere.model import Disk, ObservedMachine
from provider.vsphere.place import Place


@dataclass(frozen=True, slots=True)
class DiskUser:
    """A machine, and the datastore paths that its disks are, or are read from."""

    moid: str
    name: str
    paths: tuple[str, ...]


def disk_users(place: Place, doing: str, folder: str) -> list[DiskUser]:
    """The machines of the whole datacenter that use disks in `folder`, a datastore path that ends in a slash."""
    users = []
    for each in _all(place, doing):
        used = tuple(path for path in each.paths if path.startswith(folder))
        if used:
            users.append(DiskUser(each.moid, each.name, used))
    return users


def refuse_if_held(place: Place, doing: str, found: ObservedMachine, disks: Sequence[Disk], told: str) -> None:
    """Raises InUseError if another machine has one of these disks of the machine, or reads it; `told` follows it.

    What lies outside of the machine's own folder is not looked at: linked clones read their template's.
    """
    ours = {path for disk in disks for path in (disk.path, *disk.parents) if path.startswith(found.folder)}
    if not ours:
        return
    try:
        there = place.session.recent.now(("disks",), lambda: _all(place, doing))
    except GoneError as error:  # of another machine than the one that is asked for
        raise VsphereError(f"{doing}: looking for who else has its disks: {error}; run it again") from None
    others = [each for each in there if each.moid != found.moid]
    held = [(path, each.name) for each in others for path in each.paths if path in ours]
    if held:
        path, name = held[0]
        more = f" (and {len(held) - 1} more such)" if len(held) > 1 else ""
        raise InUseError(
            f"machine {found.name}: its disk {path} is attached to machine {name} as well{more}, {told}; copy it first "
            f"if {name} needs what is on it, detach it from {name} without deleting its file, then run again"
        )


def _all(place: Place, doing: str) -> list[DiskUser]:
    root = collector.read(place.session, doing, place.datacenter, ["vmFolder"])["vmFolder"]
    all_of = collector.machines_below(place.session, doing, root, ["name", "config.hardware.device"])
    return [
        DiskUser(
            moid,
            str(facts.get("name", moid)),
            tuple(dict.fromkeys(file for device in facts.get("config.hardware.device", []) for file in _files(device))),
        )
        for moid, facts in all_of.items()
    ]


def _files(device: Any) -> Iterator[str]:
    """A disk's file, and those that it is read from."""
    backing = getattr(device, "backing", None) if isinstance(device, vim.vm.device.VirtualDisk) else None
    while backing is not None:
        yield str(getattr(backing, "fileName", ""))
        backing = getattr(backing, "parent", None)
