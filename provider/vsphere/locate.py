"""Finds machines, and makes sure that one is ours."""

from collections.abc import Callable
from typing import Any

from provider.vsphere import identity
from provider.vsphere.api.sdk import vim
from provider.vsphere.errors import ForeignError, GoneError
from provider.vsphere.machine import Machine
from provider.vsphere.place import Place


def by_uuid(place: Place, instance: str, name: str) -> Machine | None:
    """Returns the machine with this instance UUID, called `name` in messages; None if there is none."""
    index = place.session.content.searchIndex
    return _machine(place, name, index.FindByUuid, None, instance.lower(), True, True)


def by_name(place: Place, name: str) -> Machine | None:
    """Returns the machine of this name in the place's folder, None if there is none."""
    index = place.session.content.searchIndex
    return _machine(place, name, index.FindChild, place.folder, name)


def ours(place: Place, instance: str, name: str) -> Machine | None:
    """Returns the machine, by instance UUID or else by name; None if there is none.

    Raises ForeignError if one with this UUID or name exists that does not carry the mark to which the UUID belongs.
    """
    for machine in (by_uuid(place, instance, name), by_name(place, name)):
        if machine is None:
            continue
        try:
            marks = machine.marks()
        except GoneError:
            continue
        if identity.is_ours(instance, marks):
            return machine
        raise ForeignError(
            f"machine {name}: {place.session.name} has a machine of that name or instance UUID that {_whose(marks)}; "
            "it was left untouched; rename this node, or remove that machine yourself"
        )
    return None


def _machine(place: Place, name: str, find: Callable[..., Any], *arguments: Any) -> Machine | None:
    ref = place.session.read(f"reading the inventory of {place.session.name}", find, *arguments)
    return Machine(place.session, ref, name) if isinstance(ref, vim.VirtualMachine) else None


def _whose(marks: dict[str, str]) -> str:
    mark = marks.get(identity.OWNER_KEY)
    return f"belongs to {mark}" if mark else "kubelab did not make"
