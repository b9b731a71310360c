"""What a base machine's folder holds, to know one that was started: all copies of its disk share what its guest wrote.

A host that starts a machine writes to its log and its NVRAM, and the guest to its disk, the machine-id at the latest.
All of it shows in the times of the files. When it was on, the host forgets once it is off.

Linked clones are made of a snapshot, whose disk no start writes to. A vCenter may write to the disk's descriptor for
them, so the times of such files say nothing: they have to be there, with the snapshot.
"""

import re
from collections.abc import Mapping

from provider.vsphere import files, paths
from provider.vsphere.identity import CONTENT_KEY, SNAPSHOT
from provider.vsphere.model import ObservedMachine
from provider.vsphere.place import Cloning, Datastore, Place

_WRITTEN_BY_A_START = re.compile(r".*\.(vmdk|nvram)|vmware(-\d+)?\.log")
_FROZEN = "frozen"


def content(place: Place, home: Datastore, found: ObservedMachine, *, frozen: bool = False) -> str:
    """The files that a start writes to, with their times: `name|time; name|time`.

    With `frozen` they are disks below a snapshot: without times, and marked, `frozen; name|; name|`. A host may say no
    times of any file.
    """
    held = files.listing(place, home, paths.split(found.vmx_path)[1]) or ()
    if frozen:
        return "; ".join([_FROZEN, *(f"{file.name}|" for file in held if file.name.endswith(".vmdk"))])
    return "; ".join(f"{file.name}|{file.written}" for file in held if _WRITTEN_BY_A_START.fullmatch(file.name))


def change(place: Place, home: Datastore, found: ObservedMachine, marks: Mapping[str, str]) -> str | None:
    """What says that a complete base machine is not as it was imported; None if nothing does.

    One that an earlier version imported has no note of its files: then only its power and its disk tell.
    """
    if found.powered_on:
        return "it is powered on"
    if not found.made_disks:
        return "its disk is not attached any more"
    noted = marks.get(CONTENT_KEY)
    if noted is None:
        return None
    before = set(noted.split("; "))
    if _is_frozen(place, found, before):
        return _change_below_a_snapshot(found, before, content(place, home, found, frozen=True))
    differing = sorted(set(content(place, home, found).split("; ")) ^ before)
    if not differing:
        return None
    name, _, _ = differing[0].partition("|")
    return f"its file {name} is not the one of the import any more"


def _is_frozen(place: Place, found: ObservedMachine, before: set[str]) -> bool:
    """Earlier versions did not mark these notes: then a snapshot tells, or that this place has need of one."""
    if _FROZEN in before:
        return True
    without_times = all(entry.endswith("|") for entry in before)
    return without_times and (SNAPSHOT in found.snapshots or place.cloning is Cloning.LINKED)


def _change_below_a_snapshot(found: ObservedMachine, before: set[str], now: str) -> str | None:
    if SNAPSHOT not in found.snapshots:
        return f"its snapshot {SNAPSHOT}, of which linked clones are made, is gone"
    gone = sorted(before - set(now.split("; ")))
    return f"its file {gone[0].rstrip('|')} is gone" if gone else None
