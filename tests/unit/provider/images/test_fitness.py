"""Whether an image fits: its disk, its hardware version, its firmware, and the devices that its machines do not get."""

import gzip
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from provider.vsphere.errors import VsphereError
from tests.unit.provider.images.ovas import HARDWARE, config, disk_item, inspect, item, ovf, source, tar, vmdk


def image(text: str, disk: bytes, **nvram: bytes) -> bytes:
    return tar({"x.ovf": text.encode(), "d.vmdk": disk, **{f"{name}.nvram": data for name, data in nvram.items()}})


@pytest.mark.case("V7")
@pytest.mark.parametrize(
    ("disk", "told"),
    [
        (b"", "is empty, wanted a streamOptimized VMDK; convert it with: qemu-img"),
        (b"QFI\xfb" + bytes(600), "is a qcow2 disk, wanted a streamOptimized VMDK"),
        (bytes(510) + b"\x55\xaa" + bytes(600), "is a raw disk, wanted"),
        (b"# Disk DescriptorFile\n" + bytes(600), "is the descriptor of a VMDK, whose content is another file"),
        (gzip.compress(b"QFI\xfb" + bytes(600)), "is a qcow2 disk, wanted"),
        (vmdk(version=4), "is a VMDK of version 4, hosts take 1 to 3"),
        (vmdk(flags=1), "is a VMDK that is not streamOptimized; convert it with"),
        (vmdk(flags=3 | 1 << 16), "is a VMDK that is not streamOptimized"),
        (vmdk(line=b"\n \n\n"), "was changed by a program that took it for text"),
        (vmdk(sectors=0), "is a disk without capacity"),
        (vmdk()[:900], r"ends too early \(900 bytes; the footer is missing\)"),
        (vmdk()[:20], "ends after 20 bytes"),
        (vmdk(sectors=1024**3 // 512 + 1), "has 1073742336 bytes of capacity, its descriptor says 1073741824"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_disk_that_no_host_takes_is_refused_before_it_is_sent(tmp_path: Path, disk: bytes, told: str) -> None:
    with pytest.raises(VsphereError, match=f"its disk d.vmdk {told}"):
        inspect(source(tmp_path, image(ovf(), disk)))


@pytest.mark.case("V18")
@pytest.mark.parametrize(
    ("hardware", "nested", "told"),
    [
        ("vmx-08", True, "it has hardware version vmx-08, nested virtualization needs vmx-09 or newer"),
        ("vmx-07 vmx-08", True, "it has hardware version vmx-08, nested"),
        ("vmx-22", False, "it needs hardware version vmx-22, the host has vmx-21 at most"),
        ("virtualbox-2.2", False, "it is made for virtualbox-2.2, not for VMware's hardware"),
    ],
)
def test_hardware_that_does_not_fit_is_told_before_the_upload(
    tmp_path: Path, hardware: str, nested: bool, told: str
) -> None:
    with pytest.raises(VsphereError, match=told):
        inspect(source(tmp_path, image(ovf(hardware=hardware), vmdk()), nested=nested))


SECURE = config("firmware", "efi") + config("bootOptions.efiSecureBootEnabled", "true")


@pytest.mark.case("V18")
@pytest.mark.parametrize(
    ("text", "declared", "cloned", "told"),
    [
        (
            ovf(hardware="vmx-17"),
            {"w1": 17, "w2": 15, "w3": 21},
            True,
            r"it has hardware version 17, machine.hardwareVersion is lower \(w2 15\), and a clone never goes below",
        ),
        (ovf(hardware="vmx-17"), {"w1": 15}, False, ""),
        (ovf(hardware="vmx-17", more=SECURE), {}, False, ""),
        (ovf(hardware="vmx-17", more=SECURE), {"w1": 13, "w2": 11}, False, "Secure Boot, which needs .* found w2 11; "),
        (ovf(hardware="vmx-10", more=SECURE), {}, False, "Secure Boot, which needs .* found the image's own 10; raise"),
    ],
)
def test_a_declared_hardware_version_that_does_not_fit_an_image_is_told_by_node(
    tmp_path: Path, text: str, declared: dict[str, int], cloned: bool, told: str
) -> None:
    wanted = replace(source(tmp_path, image(text, vmdk())), hardware_versions=declared)
    with nullcontext() if not told else pytest.raises(VsphereError, match=told):
        inspect(wanted, cloned=cloned)


@pytest.mark.case("V18")
@pytest.mark.parametrize("hardware", ["", "vmx-08 vmx-10,vmx-30", "vmx-15"])
def test_hardware_that_fits_is_taken(tmp_path: Path, hardware: str) -> None:
    inspect(source(tmp_path, image(ovf(hardware=hardware), vmdk()), nested=True))


@pytest.mark.case("V18")
def test_a_host_that_does_not_say_its_hardware_versions_is_asked_for_none(tmp_path: Path) -> None:
    inspect(source(tmp_path, image(ovf(hardware="vmx-30"), vmdk())), host=())


@pytest.mark.case("V18")
def test_a_disk_that_is_larger_than_a_machine_asks_for_is_told_before_the_upload(tmp_path: Path) -> None:
    text = ovf().replace('ovf:capacity="1"', 'ovf:capacity="30"')
    with pytest.raises(VsphereError, match=r"its disk has 30 GiB, machine.diskGiB is 20, and disks cannot shrink"):
        inspect(source(tmp_path, image(text, vmdk()), gib=20))


@pytest.mark.case("V3", "V7", "V18")
def test_all_that_is_wrong_with_an_image_is_told_at_once(tmp_path: Path) -> None:
    text = ovf(hardware="vmx-22", items=[disk_item("d1"), disk_item("d2")])
    with pytest.raises(VsphereError, match=r"2 disks .* and it needs hardware version .* and its disk d.vmdk is a raw"):
        inspect(source(tmp_path, image(text, bytes(510) + b"\x55\xaa")))


@pytest.mark.case("V4")
def test_an_image_that_boots_by_efi_says_what_its_disk_must_have(tmp_path: Path) -> None:
    found, _ = inspect(source(tmp_path, image(ovf(more=SECURE), vmdk())))
    assert (found.descriptor.firmware, found.descriptor.secure_boot) == ("efi", True)
    (remark,) = found.remarks
    assert r"its disk must have \EFI\BOOT\BOOTX64.EFI, signed for secure boot, on the EFI partition" in remark


@pytest.mark.case("V4")
def test_an_image_with_its_own_nvram_brings_it_along(tmp_path: Path) -> None:
    files = '<File ovf:id="f1" ovf:href="d.vmdk"/><File ovf:id="f2" ovf:href="x.nvram"/>'
    nvram = '<vmw:ExtraConfig vmw:key="nvram" vmw:value="ovf:/file/f2"/>'
    text = ovf(files=files, more=config("firmware", "efi") + nvram)
    found, _ = inspect(source(tmp_path, image(text, vmdk(), x=b"boot order")))
    assert found.remarks == ()
    content = found.content("x.nvram")
    assert content is not None
    assert content.beginning == b"boot order"


@pytest.mark.case("V4")
def test_an_image_that_boots_by_bios_has_nothing_to_say(tmp_path: Path) -> None:
    found, _ = inspect(source(tmp_path, image(ovf(more=config("firmware", "bios")), vmdk())))
    assert (found.descriptor.firmware, found.remarks) == ("", ())


@pytest.mark.case("V15")
def test_devices_that_a_machine_does_not_get_are_listed_before_the_upload(tmp_path: Path) -> None:
    items = [
        item(3, "2 CPUs"),
        item(4, "2 GB"),
        item(6, "SCSI controller 0", subtype="VirtualSCSI"),
        disk_item("d1"),
        item(10, "Network adapter 1", subtype="VmxNet3"),
        item(10, "Network adapter 2", subtype="VmxNet3"),
        item(21, "Serial port 1", subtype="vmware.serialport.device"),
        item(21, "Serial port 2", subtype="vmware.serialport.device"),
        item(15, "CD/DVD drive 1", subtype="vmware.cdrom.iso"),
        item(14, "Floppy drive 1"),
        item(23, "USB controller", subtype="vmware.usb.ehci"),
        item(24, "Video card"),
        item(35, "Sound card", subtype="vmware.soundcard.hdaudio"),
        item(1, "Virtual TPM", subtype="vmware.vtpm"),
        item(1, "VMCI device", subtype="vmware.vmci"),
        item(1, "Something else"),
    ]
    found, _ = inspect(source(tmp_path, image(ovf(items=items), vmdk())), HARDWARE)
    assert found.remarks == (
        "machines made of it do not get its 1 of 2 network cards, its 2 x serial port, its CD/DVD drive, its floppy "
        "drive, its USB controller, its sound card, its TPM, its Something else",
    )
