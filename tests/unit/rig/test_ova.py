import hashlib
import struct
import tarfile
import xml.etree.ElementTree as ET
import zlib
from pathlib import Path

import pytest

from images.ova.vmdk import HEADER_FORMAT, SECTOR
from rig.image.ova import build_ova, ova_bytes
from rig.image.vmdk import stream_optimized

OVF = "{http://schemas.dmtf.org/ovf/envelope/1}"


def members(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as tar:
        contents = {}
        for member in tar.getmembers():
            file = tar.extractfile(member)
            assert file is not None
            contents[member.name] = file.read()
        return contents


def test_the_returned_checksum_is_that_of_the_file(tmp_path: Path) -> None:
    ova = tmp_path / "deep" / "node.ova"
    assert build_ova(ova) == hashlib.sha256(ova.read_bytes()).hexdigest()
    assert [entry.name for entry in ova.parent.iterdir()] == ["node.ova"]


def test_two_builds_give_the_same_bytes() -> None:
    assert ova_bytes() == ova_bytes()


def test_the_descriptor_comes_first_then_the_manifest_then_the_disk(tmp_path: Path) -> None:
    build_ova(tmp_path / "node.ova")
    assert [name.rsplit(".", 1)[1] for name in members(tmp_path / "node.ova")] == ["ovf", "mf", "vmdk"]


def test_the_manifest_names_every_other_member_with_its_checksum(tmp_path: Path) -> None:
    build_ova(tmp_path / "node.ova")
    contents = members(tmp_path / "node.ova")
    manifest = next(contents.pop(name) for name in list(contents) if name.endswith(".mf")).decode()
    wanted = {f"SHA256({name})= {hashlib.sha256(data).hexdigest()}" for name, data in contents.items()}
    assert set(manifest.splitlines()) == wanted


def test_the_descriptor_refers_to_the_disk_by_name_and_true_size(tmp_path: Path) -> None:
    build_ova(tmp_path / "node.ova")
    contents = members(tmp_path / "node.ova")
    descriptor = next(data for name, data in contents.items() if name.endswith(".ovf"))
    file = ET.fromstring(descriptor).find(f"{OVF}References/{OVF}File")
    assert file is not None
    assert int(file.attrib[f"{OVF}size"]) == len(contents[file.attrib[f"{OVF}href"]])


def test_the_disk_can_be_read_back_from_its_footer() -> None:
    capacity = 2 * 65536
    content = b"first bytes of the disk"
    disk = stream_optimized("disk.vmdk", capacity, content)
    assert len(disk) % SECTOR == 0
    assert disk[-SECTOR:] == bytes(SECTOR), "the end-of-stream marker"
    head = struct.unpack(HEADER_FORMAT, disk[:SECTOR])
    foot = struct.unpack(HEADER_FORMAT, disk[-2 * SECTOR : -SECTOR])
    assert (head[0], head[3]) == (b"KDMV", capacity)
    assert head[9] == 0xFFFFFFFFFFFFFFFF, "the header says that the grain directory is named in the footer"
    (table,) = struct.unpack_from("<I", disk, foot[9] * SECTOR)
    (grain,) = struct.unpack_from("<I", disk, table * SECTOR)
    lba, size = struct.unpack_from("<QI", disk, grain * SECTOR)
    data = zlib.decompress(disk[grain * SECTOR + 12 : grain * SECTOR + 12 + size])
    assert lba == 0
    assert len(data) == head[4] * SECTOR
    assert data.startswith(content)


def test_a_capacity_that_grain_tables_cannot_cover_is_refused() -> None:
    with pytest.raises(ValueError, match="must be a multiple of 65536"):
        stream_optimized("disk.vmdk", 1000, b"")


def test_content_beyond_one_grain_is_refused() -> None:
    with pytest.raises(ValueError, match="65537 bytes"):
        stream_optimized("disk.vmdk", 65536, bytes(65537))
