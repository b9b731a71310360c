"""Folders and disks on a datastore."""

from provider.vsphere import tasks
from provider.vsphere.errors import GoneError, VsphereError
from provider.vsphere.host import EsxiHost
from provider.vsphere.sdk import vim


def path(datastore: str, *parts: str) -> str:
    """Returns a datastore path: "[datastore] folder/file"."""
    return f"[{datastore}] {'/'.join(parts)}"


def split(datastore_path: str) -> tuple[str, str, str]:
    """Returns (datastore, folder, file) of "[datastore] folder/file". Raises VsphereError if it is none."""
    datastore, bracket, rest = datastore_path.removeprefix("[").partition("] ")
    folder, slash, file = rest.rpartition("/")
    if not (datastore_path.startswith("[") and bracket and slash and folder and file):
        raise VsphereError(f'datastore path: found {datastore_path!r}, wanted "[datastore] folder/file"')
    return datastore, folder, file


def make_directory(host: EsxiHost, directory: str) -> None:
    """Makes a folder. Raises AlreadyExistsError if it is there."""
    make = host.session.content.fileManager.MakeDirectory
    host.session.change(f"making folder {directory}", make, directory, host.datacenter, False)


def exists(host: EsxiHost, datastore: str, directory: str) -> bool:
    """True if the folder (a name at the top of the datastore) exists."""
    doing = f"looking for folder {path(datastore, directory)}"
    browser = host.session.read(doing, lambda: host.datastore(datastore).ref.browser)
    spec = vim.host.DatastoreBrowser.SearchSpec(matchPattern=[directory])
    task = host.session.read(doing, browser.SearchDatastore_Task, f"[{datastore}]", spec)
    found = tasks.wait(host.session, doing, task)
    return any(file.path == directory for file in found.file or [])


def delete(host: EsxiHost, directory: str) -> None:
    """Deletes a folder with all in it; a missing one is fine. Only for folders that are known to be ours."""
    remove = host.session.content.fileManager.DeleteDatastoreFile_Task
    try:
        tasks.run(host.session, f"deleting folder {directory}", remove, directory, host.datacenter)
    except GoneError:
        return


def copy_disk(host: EsxiHost, source: str, destination: str) -> None:
    """Copies a disk on the host itself, thin; a few at once, the others wait for their turn.

    Raises AlreadyExistsError, GoneError (no such source), VsphereError (no space).
    """
    spec = vim.VirtualDiskManager.VirtualDiskSpec(diskType="thin", adapterType="lsiLogic")
    copy = host.session.content.virtualDiskManager.CopyVirtualDisk_Task
    doing = f"copying disk {source} to {destination}"
    while not host.disk_copies.acquire(timeout=1):
        host.session.cancel.check(doing)
    try:
        tasks.run(host.session, doing, copy, source, host.datacenter, destination, host.datacenter, spec, False)
    finally:
        host.disk_copies.release()
