"""The one inspection of an image, before anything of it moves: each form of an OVA is handled, or refused by its name.

All faults are told at once. What a host would find only after the upload is found here: the disk's format, the hardware
version, what the machines that are declared want of it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from provider.vsphere.desired import NESTED_MIN_HARDWARE, SECURE_BOOT_MIN_HARDWARE
from provider.vsphere.errors import VsphereError
from provider.vsphere.images import archive, descriptor, devices, fetching, vmdk
from provider.vsphere.images.archive import Content
from provider.vsphere.images.descriptor import Descriptor, Disk, ReferencedFile
from provider.vsphere.model import ImageSource

GIB = 1024**3
_EFI_LOADER = r"\EFI\BOOT\BOOTX64.EFI"


@dataclass(frozen=True, slots=True)
class Image:
    """An image that can be imported. `remarks` are what a user should know before it is, a sentence each."""

    descriptor: Descriptor
    files: dict[str, ReferencedFile] = field(repr=False)
    contents: dict[str, Content] = field(repr=False)
    remarks: tuple[str, ...]

    def content(self, path: str) -> Content | None:
        """The file that the descriptor calls so, None for one that a machine does not need."""
        return self.contents.get(path)


@contextmanager
def inspected(
    source: ImageSource, host_versions: Sequence[int], check: Callable[[], None], *, cloned: bool = False
) -> Iterator[Image]:
    """The image, fetched and found fit for a host that has these hardware versions (none: it does not say them).

    `cloned`: machines come with its hardware version, else with what is declared of them.
    `check` is called now and then and may raise. Raises VsphereError with all that is wrong.
    """
    with fetching.fetched(source.ova, source.sha256, check) as file, archive.opened(file, source.ova) as found:
        text = descriptor.read(source.ova, found.descriptor_name, found.descriptor())
        faults = [*_of_machine(text), *_of_hardware(text, host_versions, source, cloned=cloned)]
        contents: dict[str, Content] = {}
        files = [disk.file for disk in text.disks if disk.file] + ([text.nvram] if text.nvram else [])
        for each in files:
            try:
                contents[each.href] = found.content(each, check)
            except VsphereError as error:
                faults.append(str(error).removeprefix(f"image {source.ova}: "))
        for disk in text.disks:
            faults += _of_disk(disk, contents, source)
        if faults:
            raise VsphereError(f"image {source.ova}: {'; and '.join(dict.fromkeys(faults))}")
        yield Image(text, {each.href: each for each in files}, contents, remarks(text))


def remarks(found: Descriptor) -> tuple[str, ...]:
    """What a machine does not get of an image, and what the image must have for that."""
    lacking = devices.not_given(found.devices)
    said = []
    if lacking:
        said.append(f"machines made of it do not get its {', its '.join(lacking)}")
    if found.firmware == "efi" and found.nvram is None:
        secure = ", signed for secure boot," if found.secure_boot else ""
        said.append(
            "it boots by EFI and has no NVRAM of its own, so machines find their loader by the standard path alone: "
            f"its disk must have {_EFI_LOADER}{secure} on the EFI partition"
        )
    return tuple(said)


def _of_machine(found: Descriptor) -> list[str]:
    if found.version_2:
        return ["it is OVF 2, hosts take OVF 1; export it as OVF 1"]
    if found.machines != 1:
        return [f"it holds {found.machines or 'no'} machines, wanted one; export that one alone"]
    if len(found.disks) != 1:
        listed = ", ".join(_shown(disk) for disk in found.disks) or "none"
        remedy = (
            "export a machine that has all it needs on its first disk" if found.disks else "export it with its disk"
        )
        return [f"it has {len(found.disks)} disks ({listed}), machines are made with one; {remedy}"]
    return []


def _shown(disk: Disk) -> str:
    size = f"{disk.capacity / GIB:g} GiB" if disk.capacity else "of unknown size"
    return f"{disk.name}: {disk.file.href if disk.file else 'empty'}, {size}"


def _of_hardware(found: Descriptor, host_versions: Sequence[int], source: ImageSource, *, cloned: bool) -> list[str]:
    """A host takes the newest version that both know; a machine has that of its image."""
    versions = found.hardware_versions
    if found.hardware and not versions:
        return [
            f"it is made for {', '.join(found.hardware)}, not for VMware's hardware (vmx-NN); export it for VMware, "
            "without hardware of another hypervisor"
        ]
    common = [version for version in versions if not host_versions or version <= max(host_versions)]
    if versions and not common:
        return [
            f"it needs hardware version vmx-{min(versions):02}, the host has vmx-{max(host_versions):02} at most; "
            "export it for an older one, or update the host"
        ]
    if common and source.nested_virtualization and max(common) < NESTED_MIN_HARDWARE:
        return [
            f"it has hardware version vmx-{max(common):02}, nested virtualization needs vmx-{NESTED_MIN_HARDWARE:02} "
            "or newer; use a newer image, or set nestedVirtualization: off"
        ]
    return _of_declared(max(common, default=0), source.hardware_versions, secure_boot=found.secure_boot, cloned=cloned)


def _of_declared(has: int, declared: Mapping[str, int], *, secure_boot: bool, cloned: bool) -> list[str]:
    """Of the hardware versions that machines are to have."""
    faults = []
    below = [f"{name} {version}" for name, version in declared.items() if cloned and version < has]
    if below:
        faults.append(
            f"it has hardware version {has}, machine.hardwareVersion is lower ({', '.join(below)}), and a clone never "
            f"goes below that of its image; write {has} or a newer one, or leave it out"
        )
    made = {"the image's own": has} if has else {}
    made |= {} if cloned else declared
    old = [f"{name} {version}" for name, version in made.items() if secure_boot and version < SECURE_BOOT_MIN_HARDWARE]
    if old:
        faults.append(
            f"it asks for Secure Boot, which needs hardware version {SECURE_BOOT_MIN_HARDWARE} or newer, found "
            f"{', '.join(old)}; raise it, or export the image without Secure Boot"
        )
    return faults


def _of_disk(disk: Disk, contents: dict[str, Content], source: ImageSource) -> list[str]:
    if disk.is_difference:
        return [f"its disk {disk.name} holds only what differs from another one; export it whole"]
    if disk.file is None:
        return [f"its disk {disk.name} is empty: the descriptor names no file for it; export it with its disk"]
    content = contents.get(disk.file.href)
    if content is None:
        return []  # that it is not there was said
    faults = []
    fault = vmdk.fault(content, disk.capacity)
    if fault:
        faults.append(f"its disk {disk.file.href} {fault}")
    if 0 < source.least_disk_gib * GIB < disk.capacity:
        faults.append(
            f"its disk has {-(-disk.capacity // GIB)} GiB, machine.diskGiB is {source.least_disk_gib}, and disks "
            "cannot shrink; raise diskGiB"
        )
    return faults
