"""What somebody else makes on a host: beyond what every test's simulator can do."""

from provider.vsphere.api.sdk import vim
from tests.vsphere.simulator import DATASTORE, Simulator


def create_with_disk(simulator: Simulator, name: str, path: str) -> None:
    """A machine that kubelab did not make, with a disk that another one may have."""
    device, place = vim.vm.device, simulator.place
    controller = device.ParaVirtualSCSIController(key=-1, busNumber=0, sharedBus="noSharing")
    backing = device.VirtualDisk.FlatVer2BackingInfo(fileName=path, diskMode="persistent")
    disk = device.VirtualDisk(key=-2, controllerKey=-1, unitNumber=0, capacityInKB=1024**2, backing=backing)
    added = [device.VirtualDeviceSpec(operation="add", device=each) for each in (controller, disk)]
    files = vim.vm.FileInfo(vmPathName=f"[{DATASTORE}] {name}/{name}.vmx")
    spec = vim.vm.ConfigSpec(name=name, files=files, deviceChange=added)
    simulator.run_task(place.folder.CreateVM_Task(spec, place.pool))
