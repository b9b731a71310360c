"""Templates: images that are machines of a vCenter. Ours are kept as templates; those of others are only ever read.

A template takes no change (nor can it be started by mistake): it is made a machine for the moment of one.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from provider.vsphere.api import collector, tasks
from provider.vsphere.api.sdk import vim
from provider.vsphere.desired import NESTED_MIN_HARDWARE
from provider.vsphere.errors import (
    BusyError,
    CancelledError,
    GoneError,
    OutcomeUnknownError,
    UnreachableError,
    VsphereError,
)
from provider.vsphere.machine import Machine
from provider.vsphere.model import ObservedMachine
from provider.vsphere.place import Cloning, Place

ATTEMPTS = 4


def mark(place: Place, machine: Machine, doing: str, values: Mapping[str, str], version: bool = False) -> None:
    """Sets extraConfig keys of a base machine, a template or none; it is a machine afterwards.

    With `version` it is refused (BusyError) if another change comes in between. Another run may make it a template
    again meanwhile: then it is tried again, in bounds.
    """
    for attempt in range(ATTEMPTS):
        to_machine(place, machine, doing)
        try:
            machine.mark(doing, values, machine.change_version(doing) if version else None)
        except (BusyError, CancelledError, GoneError, OutcomeUnknownError, UnreachableError):
            raise
        except VsphereError:
            if attempt == ATTEMPTS - 1 or not is_template(machine):
                raise
            place.session.cancel.sleep(0.5, doing)
        else:
            return


def is_template(machine: Machine) -> bool:
    """Whether it is one now."""
    return machine.observe("reading a template").template


def to_machine(place: Place, machine: Machine, doing: str) -> None:
    """Makes a machine of a template."""
    if place.cloning is not None and is_template(machine):
        _turned(place, machine, doing, machine.ref.MarkAsVirtualMachine, place.pool, place.any_host, wanted=False)


def to_template(place: Place, machine: Machine, doing: str) -> None:
    """Makes a template of a machine, where the server has such."""
    if place.cloning is not None and not is_template(machine):
        _turned(place, machine, doing, machine.ref.MarkAsTemplate, wanted=True)


def _turned(place: Place, machine: Machine, doing: str, call: Any, *arguments: Any, wanted: bool) -> None:
    """What another run did meanwhile, or a call whose answer was lost, is as good."""
    try:
        place.session.change(doing, call, *arguments)
    except (CancelledError, GoneError):
        raise
    except VsphereError:
        if is_template(machine) is not wanted:
            raise


def snapshot(place: Place, machine: Machine, doing: str) -> None:
    """Takes the one snapshot of a base machine, of which linked clones are made."""
    take = machine.ref.CreateSnapshot_Task
    tasks.run(place.session, doing, take, "kubelab", "of which linked clones are made", False, False)


def existing(place: Place, name: str, *, nested_virtualization: bool = False) -> tuple[Machine, ObservedMachine]:
    """A template of that name, or a machine that is off, with its one disk; it is only read.

    Raises GoneError if there is none, VsphereError with all that makes it unfit.
    """
    machine = Machine(place.session, place.template(name), name)
    found = machine.observe(f"reading template {name}")
    faults = list(_faults(place, found, nested_virtualization=nested_virtualization))
    if faults:
        raise VsphereError(f"template {name}: {'; and '.join(faults)}")
    return machine, found


def _faults(place: Place, found: ObservedMachine, *, nested_virtualization: bool) -> Iterator[str]:
    if not found.template and found.power_state != "poweredOff":
        yield f"it is no template but a machine, and {found.power_state}; shut it down, or convert it to a template"
    if len(found.disks) != 1:
        names = ", ".join(disk.path for disk in found.disks) or "none"
        yield f"its disks are {names}, wanted one: which of several a node's is cannot be told; remove the others"
    number = found.hardware_version.removeprefix("vmx-")
    if nested_virtualization and number.isdigit() and int(number) < NESTED_MIN_HARDWARE:
        yield (
            f"it has hardware version {found.hardware_version}, and nested virtualization needs "
            f"vmx-{NESTED_MIN_HARDWARE:02} or "
            "newer; upgrade it, or set nestedVirtualization: off"
        )
    if place.cloning is Cloning.LINKED and not found.snapshots:
        yield (
            "it has no snapshot, of which linked clones are made; convert it to a machine, take one, and convert it "
            "back, "
            "or write clone: full in the site file"
        )


def linked_machines(place: Place, found: ObservedMachine) -> list[str]:
    """The names of machines in the datacenter whose disks are read from this one's folder."""
    doing = f"looking for linked clones of {found.name}"
    root = collector.read(place.session, doing, place.datacenter, ["vmFolder"])["vmFolder"]
    all_of = collector.machines_below(place.session, doing, root, ["name", "config.hardware.device"])
    return sorted(
        str(facts["name"])
        for moid, facts in all_of.items()
        if moid != found.moid
        and any(_reads(device, found.folder) for device in facts.get("config.hardware.device", []))
    )


def _reads(device: Any, folder: str) -> bool:
    backing = getattr(device, "backing", None) if isinstance(device, vim.vm.device.VirtualDisk) else None
    while backing is not None:
        if str(getattr(backing, "fileName", "")).startswith(folder):
            return True
        backing = getattr(backing, "parent", None)
    return False
