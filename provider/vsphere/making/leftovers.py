"""Folders of ours without a machine in the inventory: what is in them, and what may be done with it.

A folder's name has the UUID of our mark in it, which says who made the folder, and nothing of what is in it now. A
machine in it is registered again and asked for its mark; the folder is deleted only if all that it holds is what making
a machine puts there. Everything else stays, and is named.
"""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress

from provider.vsphere import files
from provider.vsphere.api import tasks
from provider.vsphere.conditions.disk_users import disk_users
from provider.vsphere.errors import AlreadyExistsError, ForeignError, GoneError, UnreadableError, VsphereError
from provider.vsphere.finding import whose
from provider.vsphere.machine import Machine
from provider.vsphere.place import Datastore, Place

_RUNNING = (".lck", ".vswp")


def registered_again(
    place: Place, home: Datastore, directory: str, name: str, is_ours: Callable[[Mapping[str, str]], bool]
) -> Machine | None:
    """The machine whose folder this is, in the inventory again; None if the folder holds none.

    Raises ForeignError if it is not ours, UnreadableError if that cannot be told; it is left as it was then.
    """
    held = files.listing(place, home, directory)
    names = [file.name for file in held or ()]
    found = [file for file in names if file.endswith(".vmx")]
    if not found:
        return None
    path = home.path(directory, found[0])
    if found not in ([f"{name}.vmx"], [f"{directory}.vmx"]):
        raise ForeignError(
            f"machine {name}: folder {home.path(directory)} holds {', '.join(found)}, wanted {name}.vmx alone; "
            "nothing in "
            "it was touched; see on the host what these machines are, and move what is not this one"
        )
    running = [file for file in names if file.endswith(_RUNNING)]
    if running:
        raise UnreadableError(
            f"machine {name}: {path} is not in the inventory of {place.session.name}, but seems to run "
            f"({running[0]} is "
            "beside it), perhaps on another host that has this datastore; nothing was touched; shut it down there first"
        )
    return _asked(place, path, name, is_ours)


def _asked(place: Place, path: str, name: str, is_ours: Callable[[Mapping[str, str]], bool]) -> Machine:
    register, where = place.folder.RegisterVM_Task, (place.pool, place.any_host)
    doing = f"registering machine {name} again, found as {path}"
    try:
        ref = tasks.run(place.session, doing, register, path, name, False, *where)
    except AlreadyExistsError as error:
        raise ForeignError(f"{error}; it has another name or UUID there; nothing was touched; see what it is") from None
    machine = Machine(place.session, ref, name)
    try:
        marks = machine.marks()
    except VsphereError:
        _withdraw(place, machine)
        raise
    if is_ours(marks):
        return machine
    _withdraw(place, machine)
    raise ForeignError(
        f"machine {name}: {path} is a machine that {whose(marks)}; it was left as it was; move its folder, or "
        "rename this "
        "node"
    )


def _withdraw(place: Place, machine: Machine) -> None:
    """As it was before: out of the inventory, which touches no file. The error that led here says more than "
    "this one."""
    with place.session.cancel.shielded(), suppress(VsphereError):
        machine.unregister()


def foreign_files(place: Place, home: Datastore, directory: str, name: str, *, failed_here: bool = False) -> list[str]:
    """What a folder holds besides what making machine `name` puts there, and what another machine has a disk on.

    With `failed_here`, this very run began to make the machine in this folder, which was empty then.
    """
    held = files.listing(place, home, directory)
    if held is None:
        return []
    made = _made(name, directory, failed_here=failed_here)
    foreign = [file.name for file in held if not made.fullmatch(file.name)]
    folder = home.path(directory) + "/"
    for user in disk_users(place, f"looking who uses {folder}", folder):
        foreign += [f"{disk} (of machine {user.name})" for disk in user.paths]
    return foreign


def empty(place: Place, home: Datastore, directory: str, name: str) -> None:
    """Deletes the folder of an interrupted run. Raises ForeignError, touching nothing, if more than that is in it."""
    foreign = foreign_files(place, home, directory, name)
    if foreign:
        raise ForeignError(
            f"machine {name}: folder {home.path(directory)} holds {', '.join(foreign)}, which kubelab did not put "
            "there; "
            "nothing in it was touched; move it elsewhere, then run up again"
        )
    files.delete(place, home.path(directory))


def remove(place: Place, home: Datastore, directory: str, name: str, *, failed_here: bool = False) -> list[str]:
    """Deletes the folder if it holds nothing else; returns what else it holds. A missing folder is fine."""
    if files.exists(place, home, directory):
        foreign = foreign_files(place, home, directory, name, failed_here=failed_here)
        if foreign:
            return foreign
        with suppress(GoneError):
            files.delete(place, home.path(directory))
    return []


def _made(name: str, directory: str, *, failed_here: bool) -> re.Pattern[str]:
    """The files of a machine without snapshots; its .vmx is among them only where this run wrote it.

    A clone's are called as its folder is.
    """
    own = f"(?:{re.escape(name)}|{re.escape(directory)})"
    kinds = "nvram|vmsd|vmxf|vmx~" + ("|vmx" if failed_here else "")
    return re.compile(rf"{own}(-flat|-ctk)?\.vmdk|{own}\.({kinds})|vmware(-\d+)?\.log")
