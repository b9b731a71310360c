"""Specifications: wanted data to vSphere's ConfigSpec. Changes of a machine that is there: lifecycle/. No calls."""

from collections.abc import Mapping, Sequence
from typing import Any

from provider.vsphere import identity, paths
from provider.vsphere.api.sdk import vim
from provider.vsphere.conditions import hardware
from provider.vsphere.desired import HARDWARE, NESTED_MIN_HARDWARE, SECURE_BOOT_MIN_HARDWARE, DesiredMachine
from provider.vsphere.errors import VsphereError
from provider.vsphere.lifecycle import firmware
from provider.vsphere.making import cloudinit
from provider.vsphere.model import Disk, ObservedMachine
from provider.vsphere.observe import GIB, version_number

CONTROLLER_KEY, DISK_KEY, NIC_KEY = -101, -102, -103


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
        version=made_with(desired, image),
        guestId=image.guest_id or "otherLinux64Guest",
        firmware=image.firmware or None,
        bootOptions=vim.vm.BootOptions(efiSecureBootEnabled=True) if image.secure_boot else None,
        **{row.spec: getattr(desired.hardware, name) for name, row in HARDWARE.items()},
        flags=vim.vm.FlagInfo(diskUuidEnabled=True),
        annotation=annotation(mark),
        files=vim.vm.FileInfo(vmPathName=paths.path(datastore, folder, f"{desired.name}.vmx")),
        extraConfig=options(first_extra_config(desired, mark, image)),
        deviceChange=[
            added(device) for device in _devices(image, disk_path, first_card(nic_backing, desired.manual_mac))
        ],
    )


def first_extra_config(desired: DesiredMachine, mark: str, image: ObservedMachine) -> dict[str, str]:
    """What a new machine has in its extraConfig: the user's keys, the first-boot data, whose it is, how it starts."""
    return {
        **desired.extra_config,
        **cloudinit.guestinfo(desired, identity.instance_uuid(mark)),
        identity.OWNER_KEY: mark,
        identity.PHASE_KEY: identity.CREATING,
        identity.SEED_KEY: cloudinit.seed(desired),
        **({identity.FIRMWARE_KEY: firmware.of(image)} if image.firmware else {}),
    }


def annotation(mark: str) -> str:
    """What people are shown of whose machine it is."""
    return f"kubelab machine {mark} (project/stack@state/machine)"


def made_with(desired: DesiredMachine, image: ObservedMachine) -> str | None:
    """The hardware version that a machine is made with, None for the host's own choice."""
    wanted = desired.hardware_version
    return f"vmx-{wanted:02}" if wanted else image.hardware_version or None


def check_hardware(
    desired: DesiredMachine, image: ObservedMachine, offered: Sequence[int] = (), *, cloned: bool = False
) -> None:
    """Raises VsphereError if the image cannot carry the wanted machine; `offered` are the host's hardware versions.

    `cloned`: the machine comes with the image's hardware version, and is brought to its own from there.
    """
    version, wanted = version_number(made_with(desired, image) or ""), desired.hardware_version
    has = version_number(image.hardware_version)
    if cloned and offered and has > max(offered):
        raise VsphereError(hardware.newer_than_the_host(desired.name, image.name, has, offered))
    if cloned and wanted and has > wanted:
        raise VsphereError(hardware.below_its_image(desired.name, wanted, image.name, has))
    if image.secure_boot and 0 < version < SECURE_BOOT_MIN_HARDWARE:
        raise VsphereError(
            f"machine {desired.name}: machine.hardwareVersion is {version}, the image asks for Secure Boot, which "
            f"needs {SECURE_BOOT_MIN_HARDWARE} or newer; write that, or leave it out"
        )
    if desired.hardware.nested_virtualization and 0 < version < NESTED_MIN_HARDWARE:
        whose = "machine.hardwareVersion asks for" if wanted else "the image has hardware version"
        raise VsphereError(
            f"machine {desired.name}: {whose} vmx-{version:02}, nested virtualization "
            f"needs vmx-{NESTED_MIN_HARDWARE:02} or newer; use a newer one, or set nestedVirtualization: off"
        )
    if wanted and offered and wanted not in offered:
        raise VsphereError(hardware.not_offered(desired.name, wanted, offered))
    capacity = image.disks[0].capacity if image.disks else 0
    if capacity > desired.disk_gib * GIB:
        raise VsphereError(
            f"machine {desired.name}: diskGiB is {desired.disk_gib}, the image's disk has {-(-capacity // GIB)} GiB "
            "and disks cannot shrink; raise diskGiB"
        )


def without_disks(disks: Sequence[Disk]) -> Any:
    """A ConfigSpec that detaches disks and keeps their files."""
    return vim.vm.ConfigSpec(deviceChange=[disk_change("remove", disk, disk.capacity) for disk in disks])


def first_card(backing: Any, mac: str) -> Any:
    """The first network card, with this MAC; "" for one that the host makes."""
    device = vim.vm.device
    return device.VirtualVmxnet3(
        key=NIC_KEY,
        **({"addressType": "manual", "macAddress": mac} if mac else {"addressType": "generated"}),
        backing=backing,
        connectable=device.VirtualDevice.ConnectInfo(startConnected=True, connected=True, allowGuestControl=True),
    )


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
    return vim.vm.ConfigSpec(deviceChange=[disk_change("edit", disk, gib * GIB)])


def disk_change(operation: str, disk: Disk, capacity: int) -> Any:
    """A change of a disk that is attached; its file stays. `capacity` in bytes."""
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
