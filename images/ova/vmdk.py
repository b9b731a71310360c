"""A streamOptimized VMDK, as an OVA carries it: compressed grains of content, the rest of the disk empty.

Layout (Virtual Disk Format 5.0): header, text descriptor, grains with a table after each 512 of them, directory of the
tables, footer, end of stream.
"""

import re
import struct
import zlib
from collections.abc import Iterable
from typing import IO, BinaryIO

SECTOR = 512
GRAIN_SECTORS = 128
GRAIN_BYTES = GRAIN_SECTORS * SECTOR
GRAIN_TABLE_ENTRIES = 512
COVERED_BY_A_TABLE = GRAIN_SECTORS * GRAIN_TABLE_ENTRIES
OVERHEAD_SECTORS = 128
DESCRIPTOR_SECTORS = 20
HEADER_FORMAT = "<4sIIQQQQIQQQB4sH433x"
HAS_NEWLINE_TEST, COMPRESSED_GRAINS, HAS_MARKERS = 1 << 0, 1 << 16, 1 << 17
DIRECTORY_AT_END = 0xFFFFFFFFFFFFFFFF
MARKER_END_OF_STREAM, MARKER_GRAIN_TABLE, MARKER_GRAIN_DIRECTORY, MARKER_FOOTER = 0, 1, 2, 3
# A CID of all ones says that there is none.
LAST_CONTENT_ID = 0xFFFFFFFE


def write_stream_optimized(
    sink: BinaryIO, name: str, capacity_sectors: int, grains: Iterable[tuple[int, bytes]]
) -> int:
    """Writes a disk of `capacity_sectors` sectors to `sink`, which can be sought in; returns the number of its grains.

    `grains`: number of the grain (64 KiB each) and its content compressed by zlib, in rising order; those that are left
    out are empty. The same grains give the same bytes. ValueError if the capacity is not whole grain tables (32 MiB).
    """
    if capacity_sectors <= 0 or capacity_sectors % COVERED_BY_A_TABLE:
        raise ValueError(f"capacity of {name}: {capacity_sectors} sectors, must be a multiple of {COVERED_BY_A_TABLE}")
    written = _Counted(sink)
    written.write(_header(capacity_sectors, DIRECTORY_AT_END))
    descriptor_at = sink.tell()
    written.write(_padded(_descriptor(name, capacity_sectors, 0), OVERHEAD_SECTORS - 1))

    directory = [0] * (capacity_sectors // COVERED_BY_A_TABLE)
    table, current, count, checksum = [0] * GRAIN_TABLE_ENTRIES, -1, 0, 0

    def close_table() -> None:
        written.write(_marker(MARKER_GRAIN_TABLE, GRAIN_TABLE_ENTRIES * 4 // SECTOR))
        directory[current] = written.sectors
        written.write(struct.pack(f"<{GRAIN_TABLE_ENTRIES}I", *table))

    for number, compressed in grains:
        of_table, entry = divmod(number, GRAIN_TABLE_ENTRIES)
        if of_table != current:
            if current >= 0:
                close_table()
            table, current = [0] * GRAIN_TABLE_ENTRIES, of_table
        table[entry] = written.sectors
        count += 1
        checksum = zlib.crc32(compressed, zlib.crc32(struct.pack("<Q", number), checksum))
        written.write(_padded(struct.pack("<QI", number * GRAIN_SECTORS, len(compressed)) + compressed))
    if current >= 0:
        close_table()

    packed = _padded(struct.pack(f"<{len(directory)}I", *directory))
    written.write(_marker(MARKER_GRAIN_DIRECTORY, len(packed) // SECTOR))
    directory_sector = written.sectors
    written.write(packed)
    written.write(_marker(MARKER_FOOTER, 1))
    written.write(_header(capacity_sectors, directory_sector))
    written.write(_marker(MARKER_END_OF_STREAM, 0))
    end = sink.tell()
    sink.seek(descriptor_at)
    sink.write(_descriptor(name, capacity_sectors, checksum))
    sink.seek(end)
    return count


def content_id(disk: IO[bytes]) -> str | None:
    """The CID in the descriptor of a disk, 8 hex digits: what tells one content from another. None if it has none."""
    found = re.search(rb"^CID=([0-9a-f]{8})$", disk.read(OVERHEAD_SECTORS * SECTOR), re.MULTILINE)
    return found.group(1).decode() if found else None


class _Counted:
    """What was written, counted in sectors."""

    def __init__(self, sink: BinaryIO) -> None:
        self._sink = sink
        self.sectors = 0

    def write(self, data: bytes) -> None:
        self._sink.write(data)
        self.sectors += len(data) // SECTOR


def _header(capacity_sectors: int, directory_sector: int) -> bytes:
    flags = HAS_NEWLINE_TEST | COMPRESSED_GRAINS | HAS_MARKERS
    deflate = 1
    return struct.pack(
        HEADER_FORMAT,
        b"KDMV",
        3,
        flags,
        capacity_sectors,
        GRAIN_SECTORS,
        1,
        DESCRIPTOR_SECTORS,
        GRAIN_TABLE_ENTRIES,
        0,
        directory_sector,
        OVERHEAD_SECTORS,
        0,
        b"\n \r\n",
        deflate,
    )


def _descriptor(name: str, capacity_sectors: int, checksum: int) -> bytes:
    cylinders = capacity_sectors // (255 * 63)
    return (
        "# Disk DescriptorFile\n"
        "version=1\n"
        f"CID={min(checksum, LAST_CONTENT_ID):08x}\n"
        "parentCID=ffffffff\n"
        'createType="streamOptimized"\n'
        "# Extent description\n"
        f'RDONLY {capacity_sectors} SPARSE "{name}"\n'
        "# The Disk Data Base\n"
        'ddb.adapterType = "lsilogic"\n'
        f'ddb.geometry.cylinders = "{cylinders}"\n'
        'ddb.geometry.heads = "255"\n'
        'ddb.geometry.sectors = "63"\n'
        'ddb.virtualHWVersion = "20"\n'
    ).encode()


def _marker(kind: int, sectors: int) -> bytes:
    return _padded(struct.pack("<QII", sectors, 0, kind))


def _padded(data: bytes, sectors: int | None = None) -> bytes:
    wanted = -(-len(data) // SECTOR) if sectors is None else sectors
    return data.ljust(wanted * SECTOR, b"\0")
