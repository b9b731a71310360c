"""The compressed disk, read back as the format says, and the OVA round it."""

import hashlib
import io
import struct
import tarfile
import xml.etree.ElementTree as ET
import zlib
from pathlib import Path

import pytest

from images.ova.grains import compressed_grains
from images.ova.package import write_ova
from images.ova.vmdk import GRAIN_BYTES, HEADER_FORMAT, SECTOR, write_stream_optimized
from provider.vsphere.images.inspection import inspected
from provider.vsphere.model import ImageSource

OVF = "{http://schemas.dmtf.org/ovf/envelope/1}"
RASD = "{http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData}"
TABLE_BYTES = 32 << 20


def contents(disk: bytes) -> dict[int, bytes]:
    """The grains of a streamOptimized VMDK by number, found from its footer."""
    foot = struct.unpack(HEADER_FORMAT, disk[-2 * SECTOR : -SECTOR])
    tables = struct.unpack_from(f"<{foot[3] // 65536}I", disk, foot[9] * SECTOR)
    found = {}
    for of_table, table in enumerate(tables):
        entries = struct.unpack_from("<512I", disk, table * SECTOR) if table else ()
        for entry, sector in enumerate(entries):
            if sector:
                lba, size = struct.unpack_from("<QI", disk, sector * SECTOR)
                number = of_table * 512 + entry
                assert lba == number * 128
                found[number] = zlib.decompress(disk[sector * SECTOR + 12 : sector * SECTOR + 12 + size])
    return found


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """A disk of three tables, the second of which is empty."""
    disk = tmp_path / "disk.raw"
    with disk.open("wb") as file:
        file.write(b"first")
        file.seek(5 * GRAIN_BYTES + 1000)
        file.write(b"sixth")
        file.seek(2 * TABLE_BYTES + 7 * GRAIN_BYTES)
        file.write(bytes(GRAIN_BYTES))
        file.write(b"last")
        file.truncate(3 * TABLE_BYTES)
    return disk


def packed(raw: Path) -> bytes:
    sink = io.BytesIO()
    write_stream_optimized(sink, "d.vmdk", raw.stat().st_size // SECTOR, compressed_grains(raw))
    return sink.getvalue()


def test_every_grain_that_holds_something_is_read_back(raw: Path) -> None:
    found = contents(packed(raw))
    assert sorted(found) == [0, 5, 2 * 512 + 8]
    whole = raw.read_bytes()
    assert all(data == whole[at * GRAIN_BYTES : (at + 1) * GRAIN_BYTES] for at, data in found.items())


def test_the_number_of_threads_changes_no_byte(raw: Path) -> None:
    assert list(compressed_grains(raw, 1)) == list(compressed_grains(raw, 4))


def test_an_empty_disk_has_no_grains(tmp_path: Path) -> None:
    disk = tmp_path / "empty.raw"
    with disk.open("wb") as file:
        file.truncate(TABLE_BYTES)
    assert contents(packed(disk)) == {}


def test_a_disk_that_tables_cannot_cover_is_refused() -> None:
    with pytest.raises(ValueError, match="must be a multiple of 65536"):
        write_stream_optimized(io.BytesIO(), "d.vmdk", 1000, ())


@pytest.fixture
def ova(raw: Path, tmp_path: Path) -> Path:
    write_ova(tmp_path / "a.ova", "debian-13", "Debian GNU/Linux 13 (64-bit)", raw, tmp_path)
    return tmp_path / "a.ova"


def members(ova: Path) -> dict[str, bytes]:
    with tarfile.open(ova) as tar:
        opened = {name: tar.extractfile(name) for name in tar.getnames()}
        return {name: file.read() for name, file in opened.items() if file is not None}


def test_descriptor_manifest_and_disk_come_in_this_order(ova: Path) -> None:
    assert list(members(ova)) == ["debian-13.ovf", "debian-13.mf", "debian-13-disk1.vmdk"]


def test_the_manifest_has_the_checksum_of_every_other_member(ova: Path) -> None:
    files = members(ova)
    manifest = files.pop("debian-13.mf").decode()
    assert manifest == "".join(f"SHA256({name})= {hashlib.sha256(data).hexdigest()}\n" for name, data in files.items())


def test_the_descriptor_says_the_sizes_that_are_true(ova: Path) -> None:
    files = members(ova)
    tree = ET.fromstring(files["debian-13.ovf"])
    (file,) = tree.iter(f"{OVF}File")
    (disk,) = tree.iter(f"{OVF}Disk")
    assert int(file.attrib[f"{OVF}size"]) == len(files[file.attrib[f"{OVF}href"]])
    assert int(disk.attrib[f"{OVF}capacity"]) == 96
    assert int(disk.attrib[f"{OVF}populatedSize"]) == 3 * GRAIN_BYTES


def test_the_machine_has_the_hardware_that_the_kernel_drives(ova: Path) -> None:
    tree = ET.fromstring(members(ova)["debian-13.ovf"])
    assert {item.text for item in tree.iter(f"{RASD}ResourceSubType")} == {"VirtualSCSI", "VmxNet3"}


def test_the_same_disk_gives_the_same_ova(raw: Path, ova: Path, tmp_path: Path) -> None:
    again = write_ova(tmp_path / "b.ova", "debian-13", "Debian GNU/Linux 13 (64-bit)", raw, tmp_path)
    assert again == hashlib.sha256(ova.read_bytes()).hexdigest()


def test_nothing_but_the_ova_is_left(ova: Path, raw: Path) -> None:
    assert {each.name for each in ova.parent.iterdir()} == {ova.name, raw.name}


def test_the_provider_opens_the_ova_by_its_checksum(ova: Path) -> None:
    source = ImageSource(str(ova), hashlib.sha256(ova.read_bytes()).hexdigest(), "datastore")
    with inspected(source, (20,), lambda: None) as found:
        assert found.descriptor.networks == ("VM Network",)
