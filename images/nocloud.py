"""A disc with cloud-init's data for a machine that is not on vSphere (data source NoCloud): an ISO 9660 image. Pure.

    disc = nocloud_disc({"meta-data": "instance-id: i-1\n", "user-data": "#cloud-config\n", "network-config": "..."})
    path.write_bytes(disc)

The volume is labelled CIDATA, by which cloud-init finds it, as a CD-ROM or as any other disk. The same files give the
same bytes. Names are kept in upper case and without extensions of the format: Linux shows such names in lower case.
Layout: ECMA-119, volume descriptors in sectors 16 and 17, path tables in 18 and 19, the one directory from 20, files.
"""

import re
import struct
from collections.abc import Mapping

SECTOR = 2048
LABEL = "CIDATA"
PATH_TABLE_LITTLE, PATH_TABLE_BIG, ROOT_DIRECTORY = 18, 19, 20
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,29}")
MOMENT_UNKNOWN = bytes(7)  # no date: the same files give the same bytes
LONG_MOMENT_UNKNOWN = b"0" * 16 + b"\0"


def nocloud_disc(files: Mapping[str, str | bytes], label: str = LABEL) -> bytes:
    """The bytes of a disc with these files: `meta-data`, `user-data`, and as wanted `network-config`, `vendor-data`.

    Raises ValueError for a name with other characters than lower-case letters, digits and dashes, or more than 30, for
    files that do not fit into one sector's directory, and for a label of more than 32 characters.
    """
    bad = [name for name in files if not NAME.fullmatch(name)]
    if bad:
        raise ValueError(f"names on a NoCloud disc: {', '.join(bad)}; wanted: lower-case letters, digits and dashes")
    contents = {name: text.encode() if isinstance(text, str) else text for name, text in sorted(files.items())}
    records, body, sector = [], bytearray(), ROOT_DIRECTORY + 1
    for name, content in contents.items():
        records.append(_record(f"{name.upper()}.;1".encode(), sector, len(content), is_directory=False))
        body += _whole_sectors(content)
        sector = ROOT_DIRECTORY + 1 + len(body) // SECTOR
    root = _record(b"\0", ROOT_DIRECTORY, SECTOR, is_directory=True)
    parent = _record(b"\1", ROOT_DIRECTORY, SECTOR, is_directory=True)
    directory = root + parent + b"".join(records)
    if len(directory) > SECTOR:
        raise ValueError(f"{len(files)} files are too many for a NoCloud disc")
    return b"".join(
        (
            bytes(16 * SECTOR),
            _whole_sectors(_volume(label, sector, root)),
            _whole_sectors(b"\xffCD001\x01"),
            _whole_sectors(struct.pack("<BBIH", 1, 0, ROOT_DIRECTORY, 1) + b"\0\0"),
            _whole_sectors(struct.pack(">BBIH", 1, 0, ROOT_DIRECTORY, 1) + b"\0\0"),
            _whole_sectors(directory),
            bytes(body),
        )
    )


def _volume(label: str, sectors: int, root: bytes) -> bytes:
    if not re.fullmatch(r"[A-Z0-9_]{1,32}", label):
        raise ValueError(f"label of a disc: {label!r}, wanted: at most 32 capital letters, digits and underscores")
    blank = b" "
    return b"".join(
        (
            b"\x01CD001\x01\0",
            blank * 32,
            label.encode().ljust(32),
            bytes(8),
            _both(sectors),
            bytes(32),
            _both_short(1) + _both_short(1) + _both_short(SECTOR),
            _both(10),  # size of a path table
            struct.pack("<II", PATH_TABLE_LITTLE, 0),
            struct.pack(">II", PATH_TABLE_BIG, 0),
            root,
            blank * (128 * 4 + 37 * 3),
            LONG_MOMENT_UNKNOWN * 4,
            b"\x01\0",
        )
    )


def _record(name: bytes, sector: int, length: int, *, is_directory: bool) -> bytes:
    padding = b"" if len(name) % 2 else b"\0"
    return b"".join(
        (
            struct.pack("BB", 33 + len(name) + len(padding), 0),
            _both(sector),
            _both(length),
            MOMENT_UNKNOWN,
            struct.pack("BBB", 2 if is_directory else 0, 0, 0),
            _both_short(1),
            struct.pack("B", len(name)),
            name,
            padding,
        )
    )


def _both(number: int) -> bytes:
    return struct.pack("<I", number) + struct.pack(">I", number)


def _both_short(number: int) -> bytes:
    return struct.pack("<H", number) + struct.pack(">H", number)


def _whole_sectors(data: bytes) -> bytes:
    return data.ljust(-(-len(data) // SECTOR) * SECTOR, b"\0")
