"""Whether a datastore has the space that all machines together take: at once, and once their disks are full. Pure.

At once a machine takes its memory as a swap file, what a node writes, and the whole of its thick disks; thin ones take
what is written to them. A machine that is there takes what its disks and memory grow by, and disks that it lacks.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from provider.vsphere.conditions.findings import Finding
from provider.vsphere.conditions.wanted import WantedMachine
from provider.vsphere.model import ObservedMachine

GIB, MIB = 1024**3, 1024**2
LEAST_GIB = 2  # what a node writes at least: system, packages, images of pods


@dataclass(frozen=True, slots=True)
class Need:
    """What a machine takes besides what it has, in bytes: at once, and once its disks are full."""

    name: str
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Taken:
    """What all machines of a target take of a datastore at once, and what is free there; `url` is the host's own."""

    target: str
    url: str
    datastore: str
    free: int
    least: int


def of_shared(taken: Sequence[Taken]) -> list[Finding]:
    """Of datastores that several targets have: what each has space for alone, all together may not."""
    found = []
    for url in dict.fromkeys(each.url for each in taken):
        same = [each for each in taken if each.url == url]
        least, free = sum(each.least for each in same), min(each.free for each in same)
        if len(same) > 1 and free < least and all(each.least <= each.free for each in same):
            found.append(
                Finding(
                    f"datastore {same[0].datastore} of {' and '.join(each.target for each in same)} is the same one: "
                    f"{free / GIB:.1f} GiB are free, their machines need {least / GIB:.1f} GiB at least together "
                    f"({_OF}); {_REMEDY}"
                )
            )
    return found


def of_datastore(
    name: str,
    free: Sequence[int],
    wanted: Sequence[WantedMachine],
    there: Sequence[ObservedMachine],
    thick: Collection[str] = (),
) -> list[Finding]:
    """Of a datastore, or a cluster of them, with these free bytes each; `thick` are names of new machines.

    Those are cloned of an image whose disk is thick, and theirs is as thick.
    """
    new, added = _needs(name, wanted, there, thick)
    needs = [need for need in (*new, *added) if need.most]
    if not needs:
        return []
    least, most = sum(need.least for need in needs), sum(need.most for need in needs)
    total, are = sum(free), f"datastore {name}: {sum(free) / GIB:.1f} GiB are free"
    if total < least:
        return [Finding(f"{are}, {_called(needs, new)} {least / GIB:.1f} GiB at least ({_OF}); {_REMEDY}")]
    alone = _without_a_place(new, free)
    if alone is not None:
        return [
            Finding(
                f"datastore cluster {name}: machine {alone.name} needs {alone.least / GIB:.1f} GiB at least, and none "
                f"of its datastores has that free beside what other machines take ({_OF}); {_REMEDY}"
            )
        ]
    if total < most:
        return [
            Finding(
                f"{are}, {_called(needs, new, may=True)} {most / GIB:.1f} GiB once their disks are full; a datastore "
                "that is full stops its machines",
                blocks=False,
            )
        ]
    return []


def least(
    name: str, wanted: Sequence[WantedMachine], there: Sequence[ObservedMachine], thick: Collection[str] = ()
) -> int:
    """The bytes that all machines together take of a datastore at once."""
    return sum(need.least for needs in _needs(name, wanted, there, thick) for need in needs)


def _needs(
    name: str, wanted: Sequence[WantedMachine], there: Sequence[ObservedMachine], thick: Collection[str]
) -> tuple[list[Need], list[Need]]:
    """Of new machines, and of those that are there."""
    known = {machine.name: machine for machine in there}
    here = [machine for machine in wanted if machine.datastore == name]
    new = [_of_new(machine, thick=machine.name in thick) for machine in here if machine.name not in known]
    return new, [_of_existing(machine, known[machine.name]) for machine in here if machine.name in known]


_OF = "memory as swap files, what a node writes, thick disks"
_REMEDY = "free some space or choose another datastore"


def _of_new(machine: WantedMachine, *, thick: bool) -> Need:
    extra = [disk for disk in machine.disks if not disk.remove]
    whole = sum(disk.gib for disk in extra if not disk.thin)
    root = machine.disk_gib if thick else min(LEAST_GIB, machine.disk_gib)
    return Need(
        machine.name,
        machine.memory_mib * MIB + (root + whole) * GIB,
        machine.memory_mib * MIB + (machine.disk_gib + sum(disk.gib for disk in extra)) * GIB,
    )


def _of_existing(machine: WantedMachine, found: ObservedMachine) -> Need:
    root = found.root_disk
    grown = [(max(0, machine.disk_gib * GIB - root.capacity), root.thin)] if root is not None else []
    for disk in machine.disks:
        have = found.extra_disk(disk.name)
        if not disk.remove:
            grown.append((max(0, disk.gib * GIB - (have.capacity if have else 0)), have.thin if have else disk.thin))
    swap = max(0, machine.memory_mib - found.hardware.memory_mib) * MIB
    least = sum(size for size, thin in grown if not thin)
    return Need(machine.name, swap + least, swap + sum(size for size, _ in grown))


def _called(needs: Sequence[Need], new: Sequence[Need], *, may: bool = False) -> str:
    several = len(needs) > 1
    if not several:
        who = f"machine {needs[0].name}"
    elif len(needs) == len(new):
        who = f"{len(needs)} new machines"
    else:
        who = f"machines {', '.join(need.name for need in needs)}"
    return f"{who} {'may come to need' if may else 'need' if several else 'needs'}"


def _without_a_place(needs: Sequence[Need], free: Sequence[int]) -> Need | None:
    """The first machine that fits on none: the largest go first, each where most is free."""
    if len(free) == 1:
        return None
    left = list(free)
    for need in sorted(needs, key=lambda each: -each.least):
        roomiest = max(range(len(left)), key=lambda at: left[at])
        if left[roomiest] < need.least:
            return need
        left[roomiest] -= need.least
    return None
