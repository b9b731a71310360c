"""Imports an OVA into a base machine: import spec, lease, upload, and the mark that it is complete."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from provider.vsphere import files, identity, nfc, ova, spec, tasks
from provider.vsphere.destroy import destroy_machine
from provider.vsphere.errors import VsphereError
from provider.vsphere.host import EsxiHost
from provider.vsphere.importer import IMPORTER_KEY, session_key
from provider.vsphere.locate import extra_config
from provider.vsphere.model import ImageSource
from provider.vsphere.sdk import vim


def import_base(
    host: EsxiHost,
    source: ImageSource,
    name: str,
    instance: str,
    marks: Mapping[str, str],
    progress: Callable[[str], None],
) -> Any:
    """Returns the new base machine, complete and carrying `marks`. Raises VsphereError; nothing is left then."""
    session = host.session
    doing = f"importing image {source.ova} as {name}"
    datastore = host.datastore(source.datastore)
    network = host.network(source.network) if source.network else None
    with ova.opened(source.ova, source.sha256, lambda: session.cancel.check(doing)) as image:
        params = nfc.import_params(name, image.networks, network)
        manager = session.content.ovfManager
        made = session.read(doing, manager.CreateImportSpec, image.descriptor, host.pool, datastore.ref, params)
        if made.error:
            raise VsphereError(
                f"{doing}: the host does not take this OVA ({'; '.join(e.msg or '' for e in made.error)})"
            )
        importer = session_key(session)
        extra = {**marks, identity.PHASE_KEY: identity.CREATING, IMPORTER_KEY: importer}
        _edit(made.importSpec.configSpec, name, instance, extra)
        # The whole path is given, so that the second of two imports fails: a taken folder is given another name.
        made.importSpec.configSpec.files.vmPathName = files.path(source.datastore, name, f"{name}.vmx")
        progress("importing the image")
        leased = session.change(doing, host.pool.ImportVApp, made.importSpec, host.vm_folder, None)
        try:
            with nfc.Lease(session, leased, doing) as lease:
                info = lease.wait_until_ready()
                lease.upload(image, made.fileItem, info, progress)
        except VsphereError:
            _remove(host, name, instance, importer)
            raise
    vm = info.entity
    complete = spec.options({identity.PHASE_KEY: identity.READY, IMPORTER_KEY: ""})
    tasks.run(session, doing, vm.ReconfigVM_Task, spec.phase(complete))
    return vm


def _edit(config: Any, name: str, instance: str, extra: Mapping[str, str]) -> None:
    """A base machine is only a disk and what the disk needs: no NIC, no OVF properties that a guest could find."""
    config.name = name
    config.instanceUuid = instance
    config.vAppConfig = None
    config.extraConfig = [*(config.extraConfig or []), *spec.options(extra)]
    config.deviceChange = [
        change for change in config.deviceChange if not isinstance(change.device, vim.vm.device.VirtualEthernetCard)
    ]


def _remove(host: EsxiHost, name: str, instance: str, importer: str) -> None:
    """Real hosts remove the machine when the lease is aborted; what is left is ours if it names our session."""
    if host.session.cancel.abandoned:
        return
    with host.session.cancel.shielded(), suppress(VsphereError):  # else the next run finds it unfinished and removes it
        vm = host.find_by_uuid(instance)
        if vm is not None and extra_config(host, vm).get(IMPORTER_KEY) == importer:
            destroy_machine(host, vm, name)
