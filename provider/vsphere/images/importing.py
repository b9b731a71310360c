"""Imports an OVA into a base machine: import spec, lease, upload, and the mark that it is complete.

The base machine names the session that imports it; the host knows when each session last did something. So another run
that is at it is told from one that ended in the middle.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from provider.vsphere import files, spec
from provider.vsphere.api import collector
from provider.vsphere.api.sdk import service_instance, vim
from provider.vsphere.api.session import Session
from provider.vsphere.errors import CancelledError, VsphereError
from provider.vsphere.finding import find_by_uuid
from provider.vsphere.identity import CONTENT_KEY, CREATING, IMPORTER_KEY, NVRAM_KEY, PHASE_KEY, READY
from provider.vsphere.images import nfc
from provider.vsphere.images.content import content
from provider.vsphere.images.inspection import Image, inspected
from provider.vsphere.images.templates import snapshot
from provider.vsphere.lifecycle.destruction import destroy
from provider.vsphere.machine import Machine
from provider.vsphere.model import ImageSource
from provider.vsphere.observe import GIB
from provider.vsphere.place import Cloning, Datastore, Place

SILENT_SECONDS = 30  # an import in progress tells the host so every two seconds


def import_base(
    place: Place,
    source: ImageSource,
    name: str,
    directory: str,
    instance: str,
    marks: Mapping[str, str],
    progress: Callable[[str], None],
    tell: Callable[[str], None],
) -> Machine:
    """The new base machine, complete and carrying `marks`, in a folder of its own.

    `tell` is given what a user should know of the image, before anything is sent. Raises AlreadyExistsError if the
    folder or the machine is there, VsphereError; nothing new is left then.
    """
    session = place.session
    doing = f"importing image {source.ova} as {name}"
    datastore = place.datastore(source.datastore)
    network = place.network(source.network).ref if source.network else None
    fit = inspected(
        *(source, place.hardware_versions, lambda: session.cancel.check(doing)), cloned=place.cloning is not None
    )
    with fit as image:
        for remark in image.remarks:
            tell(f"image {source.ova}: {remark}")
        made = _import_spec(place, image, name, datastore, network, doing)
        importer = session_key(session)
        extra = {**marks, PHASE_KEY: CREATING, IMPORTER_KEY: importer}
        _edit(made.importSpec.configSpec, image, name, instance, extra)
        _put(made.importSpec.configSpec, datastore, directory, name)
        progress("importing the image")
        leased = session.change(doing, place.pool.ImportVApp, made.importSpec, place.folder, place.any_host)
        try:
            with nfc.Lease(place, leased, doing) as lease:
                info = lease.wait_until_ready()
                lease.upload(image, made.fileItem, info, progress)
        except CancelledError as error:
            if _remove(place, name, instance, importer):
                raise
            raise CancelledError(f"{error}; machine {name} may be left, unfinished; the next up removes it") from None
        except VsphereError:
            _remove(place, name, instance, importer)
            raise
        nvram = _nvram(place, datastore, directory) if image.descriptor.nvram else ""
    machine = Machine(session, info.entity, name)
    _prepare_for_clones(place, machine, source, doing)
    noted = content(place, datastore, machine.observe(doing), frozen=place.cloning is Cloning.LINKED)
    machine.mark(doing, {PHASE_KEY: READY, IMPORTER_KEY: "", CONTENT_KEY: noted, NVRAM_KEY: nvram})
    session.recent.forget("base")
    return machine


def _prepare_for_clones(place: Place, machine: Machine, source: ImageSource, doing: str) -> None:
    """The snapshot that linked clones are made of, of a disk of their size; what else there is has neither."""
    if place.cloning is not Cloning.LINKED:
        return
    disk = machine.observe(doing).made_disks[0]
    if source.least_disk_gib * GIB > disk.capacity:
        machine.reconfigure(doing, spec.grown(disk, source.least_disk_gib))
    snapshot(place, machine, doing)


def _import_spec(place: Place, image: Image, name: str, datastore: Datastore, network: Any | None, doing: str) -> Any:
    """What the host makes of the descriptor. Raises VsphereError with all that the host does not take."""
    params = nfc.import_params(name, image.descriptor.networks, network)
    create = place.session.content.ovfManager.CreateImportSpec
    made = place.session.read(doing, create, image.descriptor.text, place.pool, datastore.ref, params)
    if made.error:
        said = "; ".join(dict.fromkeys(error.msg or type(error).__name__ for error in made.error))
        raise VsphereError(f"{doing}: the host does not take this OVA ({said})")
    return made


def _nvram(place: Place, datastore: Datastore, directory: str) -> str:
    """The file that the image's NVRAM became, "" where the host keeps none."""
    held = files.listing(place, datastore, directory) or ()
    return next((file.name for file in held if file.name.endswith(".nvram")), "")


def _edit(config: Any, image: Image, name: str, instance: str, extra: Mapping[str, str]) -> None:
    """A base machine is only a disk and what the disk needs: no NIC, no OVF properties that a guest could find."""
    config.name = name
    config.annotation = "kubelab image, shared by stacks: machines copy its disk, so it must never be powered on"
    config.instanceUuid = instance
    config.vAppConfig = None
    config.extraConfig = [*(config.extraConfig or []), *spec.options(extra)]
    config.firmware = image.descriptor.firmware or config.firmware
    if image.descriptor.secure_boot:
        config.bootOptions = config.bootOptions or vim.vm.BootOptions()
        config.bootOptions.efiSecureBootEnabled = True
    needed = (vim.vm.device.VirtualController, vim.vm.device.VirtualDisk)
    config.deviceChange = [change for change in config.deviceChange if isinstance(change.device, needed)]


def _put(config: Any, datastore: Datastore, directory: str, name: str) -> None:
    """The whole path is given, so that the second of two imports fails: a taken folder is given another name.

    A host that names the disks before they are made names them in a folder that may be another one's.
    """
    config.files.vmPathName = datastore.path(directory, f"{name}.vmx")
    for change in config.deviceChange:
        if isinstance(change.device, vim.vm.device.VirtualDisk) and "/" in (change.device.backing.fileName or ""):
            file = change.device.backing.fileName.rpartition("/")[2]
            change.device.backing.fileName = datastore.path(directory, file)


def _remove(place: Place, name: str, instance: str, importer: str) -> bool:
    """Real hosts remove the machine when the lease is aborted; what is left is ours if it names our session.

    Returns whether nothing of it is left.
    """
    if place.session.cancel.abandoned:
        return False
    # One that cannot be removed now is found unfinished by the next run, and removed then.
    with place.session.cancel.shielded(), suppress(VsphereError):
        machine = find_by_uuid(place, instance, name)
        if machine is not None and machine.marks().get(IMPORTER_KEY) == importer:
            destroy(place, machine)
        return True
    return False


def session_key(session: Session) -> str:
    """The host's key of our own session."""
    manager = session.content.sessionManager
    current = collector.read(session, "reading the session", manager, ["currentSession"])["currentSession"]
    return str(current.key)


def importer_is_alive(session: Session, marks: Mapping[str, str]) -> bool:
    """False if the importing session is gone or silent, or is our own (which imports nothing while it asks)."""
    importer = marks.get(IMPORTER_KEY)
    if importer is None or importer == session_key(session):
        return False
    facts = collector.read(session, "reading sessions", session.content.sessionManager, ["sessionList"])
    sessions: list[Any] = facts.get("sessionList", [])
    now = session.read("reading the host's clock", service_instance(session.content).CurrentTime)
    return any(
        other.key == importer and (now - other.lastActiveTime).total_seconds() < SILENT_SECONDS for other in sessions
    )
