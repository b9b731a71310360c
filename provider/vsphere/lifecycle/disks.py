"""What the disks of a machine need: those that were made for it grow, are made, and are deleted by word. Pure.

A disk is its own by its path in its folder and by the mark that was set when it was made; no other one is touched.
"""

from collections.abc import Iterator, Sequence

from provider.vsphere.conditions import machine_state
from provider.vsphere.desired import DesiredMachine
from provider.vsphere.lifecycle.actions import AddDisk, GrowDisk, How, RemoveDisk, Step
from provider.vsphere.lifecycle.declared import DesiredDisk
from provider.vsphere.model import Disk, ObservedMachine
from provider.vsphere.observe import GIB

# Unit numbers of the controllers that further disks may hang on; seven is a SCSI controller's own.
_SCSI = tuple(unit for unit in range(16) if unit != 7)
_UNITS = {"VirtualAHCIController": tuple(range(30)), "VirtualNVMEController": tuple(range(15))}


def root_disk(found: ObservedMachine, desired: DesiredMachine) -> Iterator[Step | str]:
    """What the disk that it was made with needs."""
    root = found.root_disk
    if root is None or root.capacity >= desired.disk_gib * GIB:
        return
    if found.linked_to:
        yield (
            f"its disk cannot grow to {desired.disk_gib} GiB, for it is a linked clone, which reads {found.linked_to}; "
            "put diskGiB back, or have the machine made anew (delete it in the vCenter, then run up), or write "
            "clone: full before that"
        )
        return
    yield _grown(found, root, "its disk", "diskGiB", desired.disk_gib)


def _grown(found: ObservedMachine, disk: Disk, called: str, key: str, gib: int) -> Step | str:
    snapshot = _snapshot(found, disk)
    if snapshot:
        cause, remedy = snapshot
        return f"{called} cannot grow to {gib} GiB because of {cause}; {remedy} on the host, or put {key} back"
    return Step(GrowDisk(disk, gib), How.RUNNING, f"{called} from {disk.capacity // GIB} to {gib} GiB")


def _snapshot(found: ObservedMachine, disk: Disk) -> tuple[str, str] | None:
    on_a_snapshot = bool(disk.base) and disk.base != disk.path
    return machine_state.kept_by_a_snapshot(found.snapshots, on_a_snapshot=on_a_snapshot)


def further_disks(found: ObservedMachine, disks: Sequence[DesiredDisk]) -> Iterator[Step | str]:
    """What its other disks need; one that is not declared any more, without a word, is left as it is."""
    free = _free_units(found)
    for disk in disks:
        have, ours, path = (
            found.extra_disk(disk.name),
            disk.name in found.marked_disks,
            found.extra_disk_path(disk.name),
        )
        if have is not None and not ours:
            yield (
                f"{path} is attached, but kubelab did not make it; it was left as it is; give the disk {disk.name} "
                "another name"
            )
        elif disk.remove:
            yield from _removed(found, disk, have, ours=ours)
        elif have is None and ours:
            yield (
                f"its disk {disk.name}, {path}, is not attached; attach it again, or write remove: true at it, which "
                "leaves the file"
            )
        elif have is None:
            yield _added(found, disk, path, free)
        elif have.capacity < disk.gib * GIB:
            yield _grown(found, have, f"its disk {disk.name}", "sizeGiB", disk.gib)


def _removed(found: ObservedMachine, disk: DesiredDisk, have: Disk | None, *, ours: bool) -> Iterator[Step | str]:
    if have is None:
        if ours:
            yield Step(RemoveDisk(disk.name, None), How.RUNNING, f"disk {disk.name} forgotten")
        return
    snapshot = _snapshot(found, have)
    if snapshot:
        cause, remedy = snapshot
        yield f"its disk {disk.name} cannot be deleted because of {cause}; {remedy} on the host"
    else:
        yield Step(RemoveDisk(disk.name, have), How.OFF, f"disk {disk.name} deleted, with what is on it")


def _free_units(found: ObservedMachine) -> Iterator[tuple[int, int, How]]:
    """Where further disks go: the controller of the root disk, its units that are free, and what adding one takes."""
    root = found.root_disk
    controller = next((each for each in found.controllers if root and each.key == root.controller_key), None)
    if controller is None:
        return
    scsi = controller.kind not in _UNITS
    units = _UNITS.get(controller.kind, () if "IDE" in controller.kind else _SCSI)
    for unit in units:
        if unit not in controller.units:
            yield controller.key, unit, How.RUNNING if scsi else How.OFF


def _added(found: ObservedMachine, disk: DesiredDisk, path: str, free: Iterator[tuple[int, int, How]]) -> Step | str:
    place = next(free, None)
    if place is None:
        kind = found.controller_kind or "controller"
        return (
            f"its disk {disk.name} finds no place: the {kind} of its first disk has none free for one more (IDE never "
            "has); take it out of extraDisks, or use an image whose disk hangs on a SCSI controller"
        )
    controller, unit, how = place
    return Step(AddDisk(disk, path, controller, unit), how, f"disk {disk.name} of {disk.gib} GiB made")
