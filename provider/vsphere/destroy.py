"""Destroys machines: only what is marked as ours, and with it only what it was made of."""

from typing import Any

from provider.vsphere import files, identity, observe, power, tasks
from provider.vsphere.errors import GoneError, OutcomeUnknownError
from provider.vsphere.host import EsxiHost
from provider.vsphere.locate import locate
from provider.vsphere.model import ObservedMachine
from provider.vsphere.sdk import vim

ATTEMPTS = 4


def destroy(host: EsxiHost, instance: str, name: str, datastore: str) -> None:
    """Destroys the machine and its folder; one that is gone is fine. Raises ForeignError if it is not marked ours."""
    vm = locate(host, instance, name)
    if vm is not None:
        destroy_machine(host, vm, name)
    leftover = identity.directory(name, instance)
    try:
        if files.exists(host, datastore, leftover):
            files.delete(host, files.path(datastore, leftover))
    except GoneError:
        return  # the datastore itself is not there any more


def destroy_machine(host: EsxiHost, vm: Any, name: str) -> None:
    """Destroys a machine that was found to be ours. Disks from outside its folder are detached and kept."""
    doing = f"destroying machine {name}"
    for attempt in range(ATTEMPTS):
        try:
            found = observe.observe(host.session, vm, doing)
            if found.power_state != power.OFF:
                power.power_off(host.session, vm, name)
            _detach_foreign_disks(host, vm, found)
            tasks.run(host.session, doing, vm.Destroy_Task)
        except GoneError:
            return
        except OutcomeUnknownError:
            if attempt == ATTEMPTS - 1:
                raise
        else:
            return


def _detach_foreign_disks(host: EsxiHost, vm: Any, found: ObservedMachine) -> None:
    own = found.vmx_path.rpartition("/")[0] + "/"
    foreign = [disk for disk in found.disks if not disk.path.startswith(own)]
    if not foreign:
        return
    device = vim.vm.device
    removals = [
        device.VirtualDeviceSpec(
            operation="remove",
            device=device.VirtualDisk(
                key=disk.key,
                controllerKey=disk.controller_key,
                unitNumber=disk.unit,
                capacityInKB=disk.capacity // 1024,
                backing=device.VirtualDisk.FlatVer2BackingInfo(fileName=disk.path, diskMode="persistent"),
            ),
        )
        for disk in foreign
    ]
    change = vim.vm.ConfigSpec(deviceChange=removals)
    tasks.run(host.session, f"detaching disks that machine {found.name} did not come with", vm.ReconfigVM_Task, change)
