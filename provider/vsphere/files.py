"""Folders and disks on a datastore."""

from dataclasses import dataclass

from provider.vsphere import paths
from provider.vsphere.api import tasks
from provider.vsphere.api.sdk import vim
from provider.vsphere.errors import GoneError
from provider.vsphere.place import Datastore, Place

ANY_UUID = "-".join("?" * digits for digits in (8, 4, 4, 4, 12))  # as a pattern of names


def make_directory(place: Place, directory: str) -> None:
    """Makes a folder (a datastore path). Raises AlreadyExistsError if it is there."""
    session, doing = place.session, f"making folder {directory}"
    with session.operations.taken(session.cancel, doing):
        session.change(doing, session.content.fileManager.MakeDirectory, directory, place.datacenter, False)


@dataclass(frozen=True, slots=True)
class File:
    """A file of a folder: its name, and when it was last written as the host says it, "" if it does not."""

    name: str
    written: str


def listing(place: Place, datastore: Datastore, directory: str) -> tuple[File, ...] | None:
    """What a folder at the top of the datastore holds, None if there is no such folder."""
    session, folder = place.session, datastore.path(directory)
    doing = f"looking into folder {folder}"
    browser = session.read(doing, lambda: datastore.ref.browser)
    details = vim.host.DatastoreBrowser.FileInfo.Details(
        fileType=False, fileSize=False, modification=True, fileOwner=False
    )
    spec = vim.host.DatastoreBrowser.SearchSpec(matchPattern=["*"], details=details)
    task = session.read(doing, browser.SearchDatastore_Task, folder, spec)
    try:
        found = tasks.wait(session, doing, task).file or []
    except GoneError:
        return None
    return tuple(
        File(each.path, each.modification.strftime("%Y-%m-%dT%H:%M:%SZ") if each.modification else "")
        for each in sorted(found, key=lambda each: str(each.path))
    )


def exists(place: Place, datastore: Datastore, directory: str) -> bool:
    """True if the folder (a name at the top of the datastore) exists."""
    return directory in _at_the_top(place, datastore, directory)


def existed(place: Place, datastore: Datastore, directory: str) -> bool:
    """True if the folder of a machine was there a moment ago: machines that are made at once look together.

    `forget_folders` is to be called when one may have come.
    """
    pattern = paths.directory("*", ANY_UUID)
    found = place.session.recent.of(("folders", datastore.name), lambda: _at_the_top(place, datastore, pattern))
    return directory in found


def forget_folders(place: Place) -> None:
    """Has the next one who asks whether a folder existed look anew."""
    place.session.recent.forget("folders")


def _at_the_top(place: Place, datastore: Datastore, pattern: str) -> frozenset[str]:
    session, doing = place.session, f"looking for folder {datastore.path(pattern)}"
    browser = session.read(doing, lambda: datastore.ref.browser)
    spec = vim.host.DatastoreBrowser.SearchSpec(matchPattern=[pattern])
    task = session.read(doing, browser.SearchDatastore_Task, f"[{datastore.name}]", spec)
    return frozenset(file.path for file in tasks.wait(session, doing, task).file or [])


def delete(place: Place, directory: str) -> None:
    """Deletes a folder with all in it; a missing one is fine. Only for folders that are known to be ours."""
    remove = place.session.content.fileManager.DeleteDatastoreFile_Task
    try:
        tasks.run(place.session, f"deleting folder {directory}", remove, directory, place.datacenter)
    except GoneError:
        return


def copy_disk(place: Place, source: str, destination: str) -> None:
    """Copies a disk on the host itself, thin; a few at once, the others wait for their turn.

    Raises AlreadyExistsError, GoneError (no such source), VsphereError (no space).
    """
    session, datacenter = place.session, place.datacenter
    spec = vim.VirtualDiskManager.VirtualDiskSpec(diskType="thin", adapterType="lsiLogic")
    copy = session.content.virtualDiskManager.CopyVirtualDisk_Task
    doing = f"copying disk {source} to {destination}"
    limit = place.turns.disk_copies
    tasks.run(session, doing, copy, source, datacenter, destination, datacenter, spec, False, limit=limit)


def copy_file(place: Place, source: str, destination: str) -> None:
    """Copies a file that is no disk. Raises AlreadyExistsError, GoneError (no such source), VsphereError."""
    copy, datacenter = place.session.content.fileManager.CopyDatastoreFile_Task, place.datacenter
    doing = f"copying file {source} to {destination}"
    tasks.run(place.session, doing, copy, source, datacenter, destination, datacenter, False)
