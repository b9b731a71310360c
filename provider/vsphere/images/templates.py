"""Templates: images that are machines of a vCenter. Ours are kept as templates; those of others are only ever read.

A template takes no change (nor can it be started by mistake): it is made a machine for the moment of one.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from provider.vsphere.api import collector, tasks
from provider.vsphere.conditions import privileges
from provider.vsphere.conditions.disk_users import disk_users
from provider.vsphere.desired import NESTED_MIN_HARDWARE
from provider.vsphere.errors import (
    BusyError,
    CancelledError,
    GoneError,
    OutcomeUnknownError,
    UnreachableError,
    VsphereError,
)
from provider.vsphere.identity import SNAPSHOT
from provider.vsphere.machine import Machine
from provider.vsphere.model import ImageSource, ImportedImage, ObservedMachine
from provider.vsphere.observe import GIB
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
    tasks.run(place.session, doing, take, SNAPSHOT, "of which linked clones are made", False, False)


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


def looked_at(place: Place, source: ImageSource) -> ImportedImage:
    """A template as an image of machines whose smallest disk `source` says. Raises as `existing`."""
    machine, found = existing(place, source.template, nested_virtualization=source.nested_virtualization)
    manager = place.session.content.sessionManager
    own = collector.read(place.session, "reading the session", manager, ["currentSession"])["currentSession"]
    lacking = privileges.lacking_on(place, machine.ref, privileges.ON_TEMPLATE, str(own.key))
    if lacking:
        raise VsphereError(
            f"template {source.template}: the user {place.session.endpoint.user} lacks privileges on it: "
            f"{', '.join(lacking)}; grant them"
        )
    capacity = found.disks[0].capacity
    if capacity > source.least_disk_gib * GIB > 0:
        raise VsphereError(
            f"template {source.template}: its disk has {-(-capacity // GIB)} GiB, a machine is to have "
            f"{source.least_disk_gib}, and disks cannot shrink; raise diskGiB"
        )
    return ImportedImage(found.disks[0].path, capacity, f"template-{source.sha256[:12]}")


def find(place: Place, name: str) -> ImportedImage | None:
    """A template that exists, None if it is gone or has become unfit."""
    try:
        _, found = existing(place, name)
    except (CancelledError, UnreachableError):
        raise
    except VsphereError:
        return None
    return ImportedImage(found.disks[0].path, found.disks[0].capacity)


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


def is_read(place: Place, machine: Machine, tell: Callable[[str], None]) -> bool:
    """True if machines read its disk, as linked clones do, which is told: without it, they would have lost theirs."""
    found = machine.observe("reading the image")
    linked = linked_machines(place, found)
    if linked:
        tell(f"image {found.name} is left, for machines are there that read its disk: {', '.join(linked)}")
    return bool(linked)


def linked_machines(place: Place, found: ObservedMachine) -> list[str]:
    """The names of machines in the datacenter whose disks are read from this one's folder."""
    users = disk_users(place, f"looking who reads the disk of {found.name}", found.folder)
    return sorted(user.name for user in users if user.moid != found.moid)
