"""Which machines have a disk in a folder, or one that is read from a disk in it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from provider.vsphere.api import collector
from provider.vsphere.api.sdk import vim
from provider.vsphere.place import Place


@dataclass(frozen=True, slots=True)
class DiskUser:
    """A machine, and the datastore paths in the folder that its disks are, or are read from."""

    moid: str
    name: str
    paths: tuple[str, ...]


def disk_users(place: Place, doing: str, folder: str) -> list[DiskUser]:
    """The machines of the whole datacenter that use disks in `folder`, a datastore path that ends in a slash."""
    root = collector.read(place.session, doing, place.datacenter, ["vmFolder"])["vmFolder"]
    all_of = collector.machines_below(place.session, doing, root, ["name", "config.hardware.device"])
    users = []
    for moid, facts in all_of.items():
        files = [file for device in facts.get("config.hardware.device", []) for file in _files(device)]
        used = tuple(dict.fromkeys(file for file in files if file.startswith(folder)))
        if used:
            users.append(DiskUser(moid, str(facts.get("name", moid)), used))
    return users


def _files(device: Any) -> Iterator[str]:
    """A disk's file, and those that it is read from."""
    backing = getattr(device, "backing", None) if isinstance(device, vim.vm.device.VirtualDisk) else None
    while backing is not None:
        yield str(getattr(backing, "fileName", ""))
        backing = getattr(backing, "parent", None)
