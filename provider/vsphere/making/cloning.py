"""Cloning: a machine of an image's base machine or template, by the vCenter itself.

The clone is first called as its folder is to be, which has the UUID of our mark in it: so that the folder is known as
ours as on a host alone, and that no two machines get in each other's way. It is given its name with its first
reconfiguration, which also sets what a server may have left out of a clone. The mark is in the clone's first
specification.
"""

from dataclasses import dataclass
from typing import Any

from provider.vsphere import identity, observe, spec
from provider.vsphere.api import collector, tasks
from provider.vsphere.api.sdk import vim
from provider.vsphere.desired import HARDWARE, DesiredMachine
from provider.vsphere.errors import VsphereError
from provider.vsphere.machine import Machine
from provider.vsphere.model import ObservedMachine
from provider.vsphere.observe import GIB
from provider.vsphere.place import Cloning, Datastore, Network, Place

_PATHS = (
    *("snapshot", "config.hardware.device", "config.extraConfig"),
    *("config.firmware", "config.bootOptions.efiSecureBootEnabled"),
)
_ONE_NEW_DISK, _CHILD_DISK = "moveAllDiskBackingsAndConsolidate", "createNewChildDiskBacking"


class UnfitError(VsphereError):
    """The clone is not what was asked for."""


def check_linked(desired: DesiredMachine, image: ObservedMachine) -> None:
    """Raises VsphereError if no linked clone of this image can be that machine."""
    capacity = image.disks[0].capacity
    if capacity != desired.disk_gib * GIB:
        raise VsphereError(
            f"machine {desired.name}: diskGiB is {desired.disk_gib}, and a linked clone's disk has the size of its "
            f"template's, {capacity / GIB:g} GiB; write that, or clone: full in the site file"
        )


def clone(
    place: Place,
    desired: DesiredMachine,
    mark: str,
    source: Machine,
    datastore: Datastore,
    network: Network,
    directory: str,
) -> Machine:
    """The new machine, off and marked. Raises OutcomeUnknownError if it may have come to be, AlreadyExistsError."""
    doing = f"cloning machine {desired.name} from {source.name}"
    linked, own = place.cloning is Cloning.LINKED, not desired.template
    original = place.session.recent.of(
        ("base", "original", source.ref._moId, own), lambda: _original(place, doing, source, own=own)
    )
    wanted = vim.vm.CloneSpec(
        location=vim.vm.RelocateSpec(datastore=datastore.ref, pool=place.pool, host=place.host),
        config=_first(desired, mark, original, network),
        powerOn=False,
        template=False,
    )
    if linked:
        wanted.location.diskMoveType = _CHILD_DISK
        wanted.snapshot = original.snapshot
    else:
        wanted.location.diskMoveType = _ONE_NEW_DISK
    limit = None if linked else place.turns.disk_copies
    ref = tasks.run(place.session, doing, source.ref.CloneVM_Task, place.folder, directory, wanted, limit=limit)
    return Machine(place.session, ref, desired.name)


@dataclass(frozen=True, slots=True)
class _Original:
    """What clones are made of, the same for all: a linked one's snapshot, and what they are not to have of it.

    `marks` are the keys of ours that they would have, `cards` its devices; `image` has its disks and firmware alone.
    """

    snapshot: Any | None
    marks: frozenset[str]
    cards: tuple[Any, ...]
    image: ObservedMachine


def _original(place: Place, doing: str, source: Machine, *, own: bool) -> _Original:
    facts = collector.read(place.session, doing, source.ref, _PATHS)
    snapshot = _snapshot(facts, own=own) if place.cloning is Cloning.LINKED else None
    marked = observe.extra_config(facts)
    if snapshot:
        marked |= observe.extra_config(collector.read(place.session, doing, snapshot, ["config.extraConfig"]))
    devices, card = facts.get("config.hardware.device", []), vim.vm.device.VirtualEthernetCard
    return _Original(
        snapshot,
        marks=frozenset(key for key in marked if key.startswith(identity.PREFIX)),
        cards=tuple(each for each in devices if isinstance(each, card)),
        image=observe.from_facts("", facts),
    )


def _first(desired: DesiredMachine, mark: str, original: _Original, network: Network) -> Any:
    """The source's network cards go, for they are on its networks, and its marks; the machine's own come."""
    device = vim.vm.device
    return vim.vm.ConfigSpec(
        instanceUuid=identity.instance_uuid(mark),
        **{row.spec: getattr(desired.hardware, name) for name, row in HARDWARE.items()},
        flags=vim.vm.FlagInfo(diskUuidEnabled=True),
        vAppConfigRemoved=True,
        annotation=spec.annotation(mark),
        extraConfig=spec.options(
            dict.fromkeys(sorted(original.marks), "")
            | {identity.CLONED_KEY: " ".join(disk.place for disk in original.image.disks)}
            | spec.first_extra_config(desired, mark, original.image)
        ),
        deviceChange=[
            *(device.VirtualDeviceSpec(operation="remove", device=each) for each in original.cards),
            spec.added(spec.first_card(network.nic_backing, desired.manual_mac)),
        ],
    )


def _snapshot(facts: Any, *, own: bool) -> Any | None:
    """Of a base machine the snapshot that it was given; of a template the current one. None if there is none."""
    held = facts.get("snapshot")
    if held is None:
        return None
    of_ours = [each.snapshot for each in held.rootSnapshotList or [] if each.name == identity.SNAPSHOT]
    return of_ours[0] if own and of_ours else held.currentSnapshot


def complete(place: Place, machine: Machine, desired: DesiredMachine) -> None:
    """Gives a clone its name, notes its disk, and verifies that it is linked where it is to be; again if need be.

    Raises UnfitError for one that has not exactly one disk of its own, or whose disk is not linked.
    """
    doing = f"configuring machine {desired.name}"
    found = machine.observe(doing)
    if found.extra_config.get(identity.DISK_KEY):
        return
    disk = _own_disk(found, desired)
    if place.cloning is Cloning.LINKED and not any(not path.startswith(found.folder) for path in disk.parents):
        raise UnfitError(
            f"machine {desired.name}: it was to be a linked clone, and its disk {disk.path} is no child of its "
            "image's: the "
            "vCenter copied it; write clone: full in the site file if that is what is wanted"
        )
    change = vim.vm.ConfigSpec(
        name=desired.name,
        flags=vim.vm.FlagInfo(diskUuidEnabled=True),
        annotation=spec.annotation(found.extra_config[identity.OWNER_KEY]),
        extraConfig=spec.options({identity.DISK_KEY: disk.path.removeprefix(found.folder)}),
    )
    machine.reconfigure(doing, change)


def _own_disk(found: ObservedMachine, desired: DesiredMachine) -> Any:
    own = [disk for disk in found.disks if disk.path.startswith(found.folder)]
    if len(own) == 1:
        return own[0]
    names = ", ".join(disk.path for disk in found.disks) or "none"
    raise UnfitError(f"machine {desired.name}: its clone has the disks {names}, wanted one, in {found.folder}")
