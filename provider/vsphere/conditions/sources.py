"""What new machines are to be cloned of, as far as it is there: templates, and images that were imported."""

from collections.abc import Sequence

from provider.vsphere import identity
from provider.vsphere.conditions.hardware import Source
from provider.vsphere.conditions.wanted import WantedMachine
from provider.vsphere.errors import CancelledError, UnreachableError, VsphereError
from provider.vsphere.finding import find_by_uuid
from provider.vsphere.machine import Machine
from provider.vsphere.observe import version_number
from provider.vsphere.place import Cloning, Place


def of_new(place: Place, machines: Sequence[WantedMachine]) -> dict[str, Source]:
    """What these new machines are cloned of, by their names, each source read once.

    A host alone clones nothing. What is missing, or unfit, the image's own inspection tells.
    """
    if place.cloning is None:
        return {}
    found: dict[tuple[str, ...], Source | None] = {}
    of_machines: dict[str, Source] = {}
    for machine in machines:
        key = _key(place, machine)
        if key is None:
            continue
        if key not in found:
            found[key] = _read(place, machine, key)
        source = found[key]
        if source is not None:
            of_machines[machine.name] = source
    return of_machines


def _key(place: Place, machine: WantedMachine) -> tuple[str, ...] | None:
    """An image's disk is thin, and its hardware version counts only where one is declared: else it is not read."""
    if machine.template:
        return (machine.template,)
    if not (machine.hardware_version and machine.image_sha256):
        return None
    gib = machine.disk_gib if place.cloning is Cloning.LINKED else 0
    uuid = identity.base_uuid(machine.image_sha256, place.image_scope(machine.datastore), gib)
    return identity.base_name(machine.image_sha256, gib), uuid


def _read(place: Place, machine: WantedMachine, key: tuple[str, ...]) -> Source | None:
    try:
        if machine.template:
            called, source = f"template {key[0]}", Machine(place.session, place.template(key[0]), key[0])
        else:
            imported = find_by_uuid(place, key[1], key[0])
            if imported is None:
                return None
            called, source = f"image {key[0]}", imported
        found = source.observe(f"reading {called}")
    except (CancelledError, UnreachableError):
        raise
    except VsphereError:
        return None
    copied = place.cloning is Cloning.FULL
    return Source(called, version_number(found.hardware_version), copied and not all(disk.thin for disk in found.disks))
