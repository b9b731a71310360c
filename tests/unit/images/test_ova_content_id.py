"""The content id of a disk: by it another program knows, without reading the disk, what the disk holds."""

import io
import tarfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import pytest

from images.ova.package import write_ova
from images.ova.vmdk import (
    COVERED_BY_A_TABLE,
    GRAIN_BYTES,
    LAST_CONTENT_ID,
    SECTOR,
    content_id,
    write_stream_optimized,
)

DISK_BYTES = COVERED_BY_A_TABLE * SECTOR
GRAINS = ((0, b"boot"), (5, b"root"))


def disk_of(grains: Sequence[tuple[int, bytes]], name: str = "d.vmdk", tables: int = 1) -> io.BytesIO:
    sink = io.BytesIO()
    compressed = ((number, zlib.compress(content.ljust(GRAIN_BYTES, b"\0"))) for number, content in grains)
    write_stream_optimized(sink, name, tables * COVERED_BY_A_TABLE, compressed)
    sink.seek(0)
    return sink


def id_of(grains: Sequence[tuple[int, bytes]], name: str = "d.vmdk", tables: int = 1) -> str | None:
    return content_id(disk_of(grains, name, tables))


def test_the_same_content_has_the_same_id_whatever_the_disk_is_called() -> None:
    assert id_of(GRAINS) == id_of(GRAINS)
    assert id_of(GRAINS) == id_of(GRAINS, "another-name.vmdk")


@pytest.mark.parametrize(
    "other",
    [
        ((0, b"boot"), (5, b"rooT")),
        ((0, b"boot"), (6, b"root")),
        ((0, b"root"), (5, b"boot")),
        ((0, b"boot"),),
        (),
    ],
    ids=["a byte", "a place", "an order", "a grain less", "nothing"],
)
def test_other_content_has_another_id(other: Sequence[tuple[int, bytes]]) -> None:
    assert id_of(other) != id_of(GRAINS)


def test_the_id_is_in_the_descriptor_as_the_format_wants_it() -> None:
    disk = disk_of(GRAINS)
    found = content_id(disk)
    lines = disk.getvalue()[SECTOR : 2 * SECTOR].decode().splitlines()
    assert lines[:4] == ["# Disk DescriptorFile", "version=1", f"CID={found}", "parentCID=ffffffff"]


def test_an_id_is_never_the_one_that_says_that_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("images.ova.vmdk.zlib.crc32", lambda *_: 0xFFFFFFFF)
    assert id_of(GRAINS) == f"{LAST_CONTENT_ID:08x}" != "ffffffff"


def test_the_id_changes_no_byte_of_a_disk_but_its_own() -> None:
    one, other = (disk_of(grains).getvalue() for grains in (GRAINS, ((0, b"boot"), (5, b"Root"))))
    heads = [disk[: 128 * SECTOR] for disk in (one, other)]
    found = [str(content_id(io.BytesIO(disk))).encode() for disk in (one, other)]
    assert heads[0].replace(b"CID=" + found[0], b"") == heads[1].replace(b"CID=" + found[1], b"")
    assert one.endswith(bytes(SECTOR)), "the end-of-stream marker is still the end"


def test_a_file_that_is_no_such_disk_has_no_id() -> None:
    assert content_id(io.BytesIO(b"")) is None
    assert content_id(io.BytesIO(b"KDMV" + bytes(200 * SECTOR))) is None
    assert content_id(io.BytesIO(b"parentCID=0123abcd\n")) is None


def test_a_disk_in_an_ova_has_the_id_of_what_was_packed(tmp_path: Path) -> None:
    found = []
    for content in (b"one", b"two", b"one"):
        raw = tmp_path / "disk.raw"
        with raw.open("wb") as file:
            file.write(content)
            file.truncate(DISK_BYTES)
        write_ova(tmp_path / "a.ova", "debian-13", "Debian GNU/Linux 13 (64-bit)", raw, tmp_path)
        with tarfile.open(tmp_path / "a.ova") as tar:
            disk = tar.extractfile("debian-13-disk1.vmdk")
            assert disk is not None
            found.append(content_id(disk))
    assert found[0] is not None
    assert found[0] == found[2] != found[1]
