"""From changes to the one ConfigSpec that makes them, with the marks of what is given, in the same call. No calls."""

from collections.abc import Mapping, Sequence
from typing import Any

from provider.vsphere import identity, spec
from provider.vsphere.api.sdk import vim
from provider.vsphere.desired import HARDWARE
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
)
from provider.vsphere.model import Disk, ObservedMachine
from provider.vsphere.observe import GIB

_FIRST_KEY = -301  # of devices that are added, counted down


def config_spec(found: ObservedMachine, wanted: Plan, backings: Mapping[str, Any]) -> Any | None:
    """The ConfigSpec of a plan without its upgrade, None if nothing is left; `backings` are cards' by network.

    A card is known by the MAC that it gets here, a disk by its path, and both only if they are marked: the marks are
    set with the devices, so that there is never one without the other.
    """
    actions = [step.action for step in wanted.steps]
    fields: dict[str, Any] = {}
    for action in actions:
        if isinstance(action, SetHardware):
            fields[HARDWARE[action.attribute].spec] = action.value
        elif isinstance(action, Rename):
            fields["name"] = action.name
        elif isinstance(action, SetFirmware):
            fields["firmware"], secure = firmware.parts(action.word)
            fields["bootOptions"] = vim.vm.BootOptions(efiSecureBootEnabled=secure)
    keys = {action.key: action.value for action in actions if isinstance(action, SetKey)} | _marks(found, wanted)
    if keys:
        fields["extraConfig"] = spec.options(keys)
    devices = [
        change
        for at, action in enumerate(actions)
        if (change := _device_change(action, _FIRST_KEY - at, backings)) is not None
    ]
    if devices:
        fields["deviceChange"] = devices
    return vim.vm.ConfigSpec(**fields) if fields else None


def _marks(found: ObservedMachine, wanted: Plan) -> dict[str, str]:
    """The marks that become others; "" removes one."""
    names = set(found.marked_disks)
    for step in wanted.steps:
        if isinstance(step.action, AddDisk):
            names.add(step.action.disk.name)
        elif isinstance(step.action, RemoveDisk):
            names.discard(step.action.name)
    marks: dict[str, str] = {}
    if names != set(found.marked_disks):
        marks[identity.DISKS_KEY] = " ".join(sorted(names))
    if set(wanted.macs) != set(found.marked_macs):
        marks[identity.CARDS_KEY] = " ".join(sorted(wanted.macs))
    return marks


def _device_change(action: Action, key: int, backings: Mapping[str, Any]) -> Any | None:
    match action:
        case GrowDisk(disk, gib):
            return spec.disk_change("edit", disk, gib * GIB)
        case AddDisk():
            return _new_disk(action, key)
        case RemoveDisk(_, Disk() as disk):
            change = spec.disk_change("remove", disk, disk.capacity)
            change.fileOperation = "destroy"
            return change
        case AddCard(mac, card):
            made = Card(key, mac, card.network, card.connected, address_type="manual")
            return _card_change("add", made, backings[card.network], connected=card.connected)
        case EditCard(found, network, connected):
            return _card_change("edit", found, backings[network], connected=connected)
        case RemoveCard(found):
            return _card_change("remove", found, None, connected=found.connected)
        case _:
            return None


def _new_disk(action: AddDisk, key: int) -> Any:
    device = vim.vm.device
    backing = device.VirtualDisk.FlatVer2BackingInfo(
        fileName=action.path, diskMode="persistent", thinProvisioned=action.disk.thin, eagerlyScrub=False
    )
    size = action.disk.gib * GIB
    disk = device.VirtualDisk(
        key=key,
        controllerKey=action.controller_key,
        unitNumber=action.unit,
        backing=backing,
        capacityInBytes=size,
        capacityInKB=size // 1024,
    )
    return device.VirtualDeviceSpec(operation="add", fileOperation="create", device=disk)


def _card_change(operation: str, card: Card, backing: Any, *, connected: bool) -> Any:
    device = vim.vm.device
    state = device.VirtualDevice.ConnectInfo(startConnected=connected, connected=connected, allowGuestControl=True)
    nic = getattr(device, card.kind)(
        key=card.key, macAddress=card.mac, addressType=card.address_type, backing=backing, connectable=state
    )
    return device.VirtualDeviceSpec(operation=operation, device=nic)


def networks_of(actions: Sequence[Action]) -> set[str]:
    """The networks whose backings config_spec needs."""
    added = {action.card.network for action in actions if isinstance(action, AddCard)}
    return added | {action.network for action in actions if isinstance(action, EditCard)}
