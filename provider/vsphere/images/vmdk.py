"""Whether a disk is what a host takes by its lease: a VMDK that is streamOptimized, as its first and last bytes tell.

The layout is that of VMware's Virtual Disk Format 5.0. Pure.
"""

import struct

from provider.vsphere.images.archive import Content
from provider.vsphere.images.file_kinds import kind_of

_HEADER = struct.Struct("<4sIIQQQQIQQQB4sH")
_MAGIC = b"KDMV"
_SECTOR = 512
_VERSIONS = (1, 2, 3)
_HAS_LINE_TEST, _COMPRESSED, _MARKERS = 1 << 0, 1 << 16, 1 << 17
_LINE_TEST = b"\n \r\n"
_AT_END = 0xFFFFFFFFFFFFFFFF
_DEFLATE = 1
_CONVERT = "convert it with: qemu-img convert -O vmdk -o subformat=streamOptimized, and make the OVA of that"
_ANEW = "fetch or export it anew"


def fault(content: Content, capacity: int) -> str | None:
    """What is wrong with a disk, with its remedy, None if nothing is.

    `capacity` in bytes is what the descriptor says of it, 0 if it says nothing.
    """
    beginning = content.beginning
    if not beginning.startswith(_MAGIC):
        return f"is {kind_of(beginning)}, wanted a streamOptimized VMDK; {_CONVERT}"
    if len(beginning) < _HEADER.size:
        return f"ends after {len(beginning)} bytes; {_ANEW}"
    _, version, flags, sectors, *_, directory, _, _, line_test, algorithm = _HEADER.unpack_from(beginning)
    if version not in _VERSIONS:
        return f"is a VMDK of version {version}, hosts take {_VERSIONS[0]} to {_VERSIONS[-1]}; {_CONVERT}"
    if flags & _HAS_LINE_TEST and line_test != _LINE_TEST:
        return f"was changed by a program that took it for text (line ends); {_ANEW}, as binary"
    if not (flags & _COMPRESSED and flags & _MARKERS and algorithm == _DEFLATE):
        return f"is a VMDK that is not streamOptimized; {_CONVERT}"
    if sectors == 0:
        return f"is a disk without capacity; {_ANEW}"
    if directory == _AT_END and _MAGIC not in content.end[-(content.size - _SECTOR) :]:
        return f"ends too early ({content.size} bytes; the footer is missing); {_ANEW}"
    if 0 < capacity < sectors * _SECTOR:
        return f"has {sectors * _SECTOR} bytes of capacity, its descriptor says {capacity}; export it anew"
    return None
