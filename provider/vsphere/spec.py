"""Specifications: wanted data to vSphere's ConfigSpec, and what it takes to get from found to wanted. No calls."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provider.vsphere import identity, paths
from provider.vsphere.api.sdk import vim
from provider.vsphere.desired import HARDWARE, NESTED_MIN_HARDWARE, DesiredMachine, Hardware
from provider.vsphere.errors import VsphereError
from provider.vsphere.fields import Effect
from provider.vsphere.making import cloudinit
from provider.vsphere.model import Disk, ObservedMachine
from provider.vsphere.observe import GIB

CONTROLLER_KEY, DISK_KEY, NIC_KEY = -101, -102, -103


@dataclass(frozen=True, slots=True)
class Changes:
    """What must change: `in_place` at once, `offline` while the machine is off. Empty specs are None."""

    in_place: Any | None
    offline: Any | None

    @property
    def any(self) -> bool:
        """True if there is something to change."""
        return self.in_place is not None or self.offline is not None


def options(values: Mapping[str, str]) -> list[Any]:
    """extraConfig entries; the value "" removes a key."""
    return [vim.option.OptionValue(key=key, value=value) for key, value in values.items()]


def extra_config(values: Mapping[str, str], change_version: str | None = None) -> Any:
    """A ConfigSpec that sets nothing but these keys, refused if the machine has another version by then."""
    return vim.vm.ConfigSpec(changeVersion=change_version, extraConfig=options(values))


def first_spec(desired: DesiredMachine, image: ObservedMachine, mark: str, disk_path: str, nic_backing: Any) -> Any:
    """The ConfigSpec that creates the machine, marked as ours from its first moment, on a disk that exists.

    `image` has one disk, the one that was copied.
    """
    datastore, folder, _ = paths.split(disk_path)
    return vim.vm.ConfigSpec(
        name=desired.name,
        instanceUuid=identity.instance_uuid(mark),
        version=image.hardware_version or None,
        guestId=image.guest_id or "otherLinux64Guest",
        firmware=image.firmware or None,
        bootOptions=vim.vm.BootOptions(efiSecureBootEnabled=True) if image.secure_boot else None,
        **{row.spec: getattr(desired.hardware, name) for name, row in HARDWARE.items()},
        flags=vim.vm.FlagInfo(diskUuidEnabled=True),
        annotation=annotation(mark),
        files=vim.vm.FileInfo(vmPathName=paths.path(datastore, folder, f"{desired.name}.vmx")),
        extraConfig=options(first_extra_config(desired, mark)),
        deviceChange=[
            added(device) for device in _devices(image, disk_path, first_card(nic_backing, desired.manual_mac))
        ],
    )


def first_extra_config(desired: DesiredMachine, mark: str) -> dict[str, str]:
    """What a new machine has in its extraConfig: the user's keys, the first-boot data, and whose it is."""
    return {
        **desired.extra_config,
        **cloudinit.guestinfo(desired, identity.instance_uuid(mark)),
        identity.OWNER_KEY: mark,
        identity.PHASE_KEY: identity.CREATING,
        identity.SEED_KEY: cloudinit.seed(desired),
    }


def annotation(mark: str) -> str:
    """What people are shown of whose machine it is."""
    return f"kubelab machine {mark} (project/stack@state/machine)"


def check_hardware(desired: DesiredMachine, image: ObservedMachine) -> None:
    """Raises VsphereError if the image cannot carry the wanted machine."""
    number = image.hardware_version.removeprefix("vmx-")
    if desired.hardware.nested_virtualization and number.isdigit() and int(number) < NESTED_MIN_HARDWARE:
        raise VsphereError(
            f"machine {desired.name}: the image has hardware version {image.hardware_version}, nested virtualization "
            f"needs vmx-{NESTED_MIN_HARDWARE:02} or newer; use a newer image, or set nestedVirtualization: off"
        )
    capacity = image.disks[0].capacity if image.disks else 0
    if capacity > desired.disk_gib * GIB:
        raise VsphereError(
            f"machine {desired.name}: diskGiB is {desired.disk_gib}, the image's disk has {-(-capacity // GIB)} GiB "
            "and disks cannot shrink; raise diskGiB"
        )


def diff(found: ObservedMachine, desired: DesiredMachine, obsolete: Collection[str] = ()) -> Changes:
    """What must change; `obsolete` are extraConfig keys to remove.

    Image, datastore, network, name and keys are not looked at: they need another machine.
    """
    in_place: dict[str, Any] = {}
    offline: dict[str, Any] = {}
    extra = {key: value for key, value in desired.extra_config.items() if found.extra_config.get(key) != value}
    extra |= {key: "" for key in obsolete if key in found.extra_config and key not in desired.extra_config}
    if extra:
        in_place["extraConfig"] = options(extra)
    root = found.root_disk
    if root is not None and grows(found, desired):
        in_place["deviceChange"] = [_disk_change("edit", root, desired.disk_gib * GIB)]
    for name in different(found.hardware, desired.hardware):
        row = HARDWARE[name]
        (offline if row.effect is Effect.POWER_CYCLE else in_place)[row.spec] = getattr(desired.hardware, name)
    return Changes(_spec(in_place), _spec(offline))


def grows(found: ObservedMachine, desired: DesiredMachine) -> bool:
    """True if its root disk is smaller than it should be."""
    return found.root_disk is not None and found.root_disk.capacity < desired.disk_gib * GIB


def different(found: Hardware, desired: Hardware) -> list[str]:
    """The attributes that differ."""
    return [name for name in HARDWARE if getattr(found, name) != getattr(desired, name)]


def without_disks(disks: Sequence[Disk]) -> Any:
    """A ConfigSpec that detaches disks and keeps their files."""
    return vim.vm.ConfigSpec(deviceChange=[_disk_change("remove", disk, disk.capacity) for disk in disks])


def first_card(backing: Any, mac: str) -> Any:
    """The first network card, with this MAC; "" for one that the host makes."""
    device = vim.vm.device
    return device.VirtualVmxnet3(
        key=NIC_KEY,
        **({"addressType": "manual", "macAddress": mac} if mac else {"addressType": "generated"}),
        backing=backing,
        connectable=device.VirtualDevice.ConnectInfo(startConnected=True, connected=True, allowGuestControl=True),
    )


def _spec(fields: Mapping[str, Any]) -> Any | None:
    return vim.vm.ConfigSpec(**fields) if fields else None


def added(device: Any) -> Any:
    """A change that adds a device."""
    return vim.vm.device.VirtualDeviceSpec(operation="add", device=device)


def _devices(image: ObservedMachine, disk_path: str, card: Any) -> list[Any]:
    device = vim.vm.device
    kind = getattr(device, image.controller_kind or "ParaVirtualSCSIController")
    controller = kind(key=CONTROLLER_KEY, busNumber=0)
    if isinstance(controller, device.VirtualSCSIController):
        controller.sharedBus = "noSharing"
    backing = device.VirtualDisk.FlatVer2BackingInfo(fileName=disk_path, diskMode="persistent", thinProvisioned=True)
    disk = device.VirtualDisk(
        key=DISK_KEY,
        controllerKey=CONTROLLER_KEY,
        unitNumber=0,
        backing=backing,
        capacityInKB=image.disks[0].capacity // 1024,
    )
    return [controller, disk, card]


def grown(disk: Disk, gib: int) -> Any:
    """A ConfigSpec that gives a disk this size."""
    return vim.vm.ConfigSpec(deviceChange=[_disk_change("edit", disk, gib * GIB)])


def _disk_change(operation: str, disk: Disk, capacity: int) -> Any:
    device = vim.vm.device
    return device.VirtualDeviceSpec(
        operation=operation,
        device=device.VirtualDisk(
            key=disk.key,
            controllerKey=disk.controller_key,
            unitNumber=disk.unit,
            backing=device.VirtualDisk.FlatVer2BackingInfo(fileName=disk.path, diskMode="persistent"),
            capacityInBytes=capacity,
            capacityInKB=capacity // 1024,
        ),
    )
