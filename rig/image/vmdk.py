"""A streamOptimized VMDK, as an OVA carries it: one compressed grain of content, the rest of the disk empty.

Layout (Virtual Disk Format 5.0): header, text descriptor, grains, grain table, grain directory, footer, end of stream.
"""

from __future__ import annotations

import struct
import zlib

SECTOR = 512
GRAIN_SECTORS = 128
GRAIN_TABLE_ENTRIES = 512
OVERHEAD_SECTORS = 128
DESCRIPTOR_SECTORS = 20
HEADER_FORMAT = "<4sIIQQQQIQQQB4sH433x"
HAS_NEWLINE_TEST, COMPRESSED_GRAINS, HAS_MARKERS = 1 << 0, 1 << 16, 1 << 17
DIRECTORY_AT_END = 0xFFFFFFFFFFFFFFFF
MARKER_END_OF_STREAM, MARKER_GRAIN_TABLE, MARKER_GRAIN_DIRECTORY, MARKER_FOOTER = 0, 1, 2, 3


def stream_optimized(name: str, capacity_sectors: int, content: bytes) -> bytes:
    """The bytes of a disk of `capacity_sectors` sectors whose first grain (64 KiB) begins with `content`.

    Raises ValueError if the capacity is not whole grain tables (32 MiB) or the content does not fit into one grain.
    """
    covered_by_a_table = GRAIN_SECTORS * GRAIN_TABLE_ENTRIES
    if capacity_sectors <= 0 or capacity_sectors % covered_by_a_table:
        raise ValueError(f"capacity of {name}: {capacity_sectors} sectors, must be a multiple of {covered_by_a_table}")
    if len(content) > GRAIN_SECTORS * SECTOR:
        raise ValueError(f"content of {name}: {len(content)} bytes, at most {GRAIN_SECTORS * SECTOR} fit into a grain")

    disk = bytearray(_header(capacity_sectors, DIRECTORY_AT_END))
    disk += _padded(_descriptor(name, capacity_sectors), OVERHEAD_SECTORS - 1)

    grain_sector = len(disk) // SECTOR
    compressed = zlib.compress(content.ljust(GRAIN_SECTORS * SECTOR, b"\0"), 9)
    disk += _padded(struct.pack("<QI", 0, len(compressed)) + compressed)

    disk += _marker(MARKER_GRAIN_TABLE, GRAIN_TABLE_ENTRIES * 4 // SECTOR)
    table_sector = len(disk) // SECTOR
    disk += _padded(struct.pack(f"<{GRAIN_TABLE_ENTRIES}I", grain_sector, *[0] * (GRAIN_TABLE_ENTRIES - 1)))

    tables = capacity_sectors // covered_by_a_table
    directory = _padded(struct.pack(f"<{tables}I", table_sector, *[0] * (tables - 1)))
    disk += _marker(MARKER_GRAIN_DIRECTORY, len(directory) // SECTOR)
    directory_sector = len(disk) // SECTOR
    disk += directory

    disk += _marker(MARKER_FOOTER, 1)
    disk += _header(capacity_sectors, directory_sector)
    disk += _marker(MARKER_END_OF_STREAM, 0)
    return bytes(disk)


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


def _descriptor(name: str, capacity_sectors: int) -> bytes:
    cylinders = capacity_sectors // (255 * 63)
    return (
        "# Disk DescriptorFile\n"
        "version=1\n"
        "CID=6b756265\n"
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
