"""How a machine is found, and whose it is: ours by its mark alone, gone if nothing unreadable may be it."""

from collections.abc import Callable, Mapping
from typing import Any

from provider.vsphere import identity, paths
from provider.vsphere.api import collector
from provider.vsphere.api.sdk import vim
from provider.vsphere.conditions import connection_state
from provider.vsphere.errors import ForeignError, GoneError
from provider.vsphere.machine import Machine
from provider.vsphere.place import Place


def find_by_uuid(place: Place, instance: str, name: str) -> Machine | None:
    """The machine with this instance UUID, called `name` in messages; None if there is none."""
    index = place.session.content.searchIndex
    return _found(place, name, index.FindByUuid, None, instance.lower(), True, True)


def find_by_name(place: Place, name: str) -> Machine | None:
    """The machine of this name in the place's folder, None if there is none."""
    index = place.session.content.searchIndex
    return _found(place, name, index.FindChild, place.folder, name)


def find_ours(place: Place, instance: str, name: str) -> Machine | None:
    """The machine, by instance UUID or else by name; None if there is none.

    Raises ForeignError if one with this UUID or name exists that does not carry the mark to which the UUID belongs, and
    UnreadableError if the host has one that may be it, but does not show what it is.
    """
    for machine in (find_by_uuid(place, instance, name), find_by_name(place, name)):
        if machine is None:
            continue
        try:
            marks = machine.marks()
        except GoneError:
            continue
        if identity.is_ours(instance, marks):
            return machine
        raise ForeignError(
            f"machine {name}: {place.session.name} has a machine of that name or instance UUID that {whose(marks)}; "
            "it was left untouched; rename this node"
        )
    refuse_if_unreadable(place, name, paths.directory(name, instance))
    return None


def refuse_if_unreadable(place: Place, name: str, directory: str) -> None:
    """Raises UnreadableError if the host has a machine that it cannot read and that may be the one of this folder.

    Such a machine is found by no UUID, and its name may be the path of its file.
    """
    doing = f"looking for machines that {place.session.name} cannot read"
    for facts in collector.machines_in(place.session, doing, place.folder, connection_state.PATHS).values():
        if connection_state.is_readable(facts):
            continue
        shown, path = facts.get("name", ""), facts.get("summary.config.vmPathName", "")
        if shown == name or f"{directory}/" in f"{path} {shown}" or not (shown or path):
            raise connection_state.unreadable(name, place.session.name, facts)


def _found(place: Place, name: str, find: Callable[..., Any], *arguments: Any) -> Machine | None:
    ref = place.session.read(f"reading the inventory of {place.session.name}", find, *arguments)
    return Machine(place.session, ref, name) if isinstance(ref, vim.VirtualMachine) else None


def whose(marks: Mapping[str, str]) -> str:
    """Of a machine that is not ours, by its marks, what follows "a machine that"."""
    mark = marks.get(identity.OWNER_KEY)
    return f"belongs to {mark}" if mark else "kubelab did not make"
