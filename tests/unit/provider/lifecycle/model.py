"""What a host makes of a plan, as a model: the machine afterwards."""

from collections.abc import Sequence
from dataclasses import replace

from provider.vsphere import identity
from provider.vsphere.devices import Card
from provider.vsphere.lifecycle import firmware
from provider.vsphere.lifecycle.actions import (
    Action,
    AddCard,
    AddDisk,
    EditCard,
    GrowDisk,
    Plan,
    RemoveCard,
    RemoveDisk,
    Rename,
    SetFirmware,
    SetHardware,
    SetKey,
    Upgrade,
)
from provider.vsphere.model import Disk, ObservedMachine
from tests.unit.provider.lifecycle.parts import GIB


def applied(found: ObservedMachine, wanted: Plan) -> ObservedMachine:
    """The machine once all steps were done; new devices get keys as a host gives them, from the first one on."""
    names = set(found.marked_disks)
    for step in wanted.steps:
        found = _done(found, step.action)
        if isinstance(step.action, AddDisk):
            names.add(step.action.disk.name)
        elif isinstance(step.action, RemoveDisk):
            names.discard(step.action.name)
    marks = {identity.DISKS_KEY: " ".join(sorted(names)), identity.CARDS_KEY: " ".join(sorted(wanted.macs))}
    others = {key: value for key, value in found.extra_config.items() if key not in marks}
    return replace(found, extra_config=others | {key: value for key, value in marks.items() if value})


def _free(keys: Sequence[int], first: int) -> int:
    return next(key for key in range(first, first + 1000) if key not in keys)


def _done(found: ObservedMachine, action: Action) -> ObservedMachine:
    match action:
        case SetHardware(attribute, value):
            return replace(found, hardware=replace(found.hardware, **{attribute: value}))
        case SetKey(key, value):
            others = {name: other for name, other in found.extra_config.items() if name != key}
            return replace(found, extra_config={**others, key: value} if value else others)
        case Rename(name):
            return replace(found, name=name)
        case Upgrade(version):
            return replace(found, hardware_version=f"vmx-{version}")
        case SetFirmware(word):
            kind, secure = firmware.parts(word)
            return replace(found, firmware=kind, secure_boot=secure)
        case GrowDisk(disk, gib):
            assert gib * GIB > disk.capacity, "a host refuses to shrink a disk"
            grown = replace(disk, capacity=gib * GIB)
            return replace(found, disks=tuple(grown if each == disk else each for each in found.disks))
        case AddDisk(disk, path, controller, unit):
            taken = [each.unit for each in found.disks if each.controller_key == controller]
            assert unit not in taken, "a host refuses a unit that is taken"
            assert path not in [each.path for each in found.disks], "a host refuses a file that is there"
            free = _free([each.key for each in found.disks], 2000)
            made = Disk(free, controller, unit, path, disk.gib * GIB, thin=disk.thin)
            return _with_units(replace(found, disks=(*found.disks, made)))
        case RemoveDisk(_, None):
            return found
        case RemoveDisk(_, disk):
            return _with_units(replace(found, disks=tuple(each for each in found.disks if each != disk)))
        case AddCard(mac, card):
            free = _free([each.key for each in found.cards], 4000)
            return replace(found, cards=(*found.cards, Card(free, mac, card.network, card.connected)))
        case EditCard(old, network, connected):
            new = replace(old, network=network, connected=connected)
            return replace(found, cards=tuple(new if each == old else each for each in found.cards))
        case RemoveCard(old):
            return replace(found, cards=tuple(each for each in found.cards if each != old))


def _with_units(found: ObservedMachine) -> ObservedMachine:
    units = tuple(disk.unit for disk in found.disks)
    return replace(found, controllers=tuple(replace(each, units=units) for each in found.controllers))
