"""GRUB's two files for BIOS made fit for a disk, as grub-bios-setup does it, which wants a block device. Pure.

`boot.img` is the first sector; it loads the first sector of `core.img`, which loads the rest by its list of blocks.
Offsets are those of include/grub/i386/pc/boot.h and include/grub/offsets.h of GRUB 2.
"""

import struct

SECTOR = 512
PARAMETERS_START, PARAMETERS_END = 0x3, 0x5A  # of FAT's, which a disk without a partition table has
KERNEL_SECTOR = 0x5C
DRIVE_CHECK = 0x66
NO_OPERATION = b"\x90\x90"
TABLE_START, TABLE_END = 0x1B8, 0x1FE  # signature of the disk, and the (protective) table of partitions
SIGNATURE = b"\x55\xaa"
BLOCKS = SECTOR - 12  # the list's only entry: first sector, number of sectors, segment in memory
CORE_SEGMENT = 0x800 + (SECTOR >> 4)


def boot_sector(boot_image: bytes, first_sector: bytes, core_start: int) -> bytes:
    """The first sector of a disk whose `core.img` begins at sector `core_start`.

    `first_sector`: what is there now, of which the table of partitions stays. ValueError for what is no boot.img.
    """
    if len(boot_image) != SECTOR or boot_image[TABLE_END:] != SIGNATURE:
        raise ValueError(f"boot.img: {len(boot_image)} bytes, wanted: a sector with the signature of a boot sector")
    sector = bytearray(boot_image)
    sector[PARAMETERS_START:PARAMETERS_END] = first_sector[PARAMETERS_START:PARAMETERS_END]
    struct.pack_into("<Q", sector, KERNEL_SECTOR, core_start)
    # As on every hard disk: what firmware gives as its number is not doubted.
    sector[DRIVE_CHECK : DRIVE_CHECK + 2] = NO_OPERATION
    sector[TABLE_START:TABLE_END] = first_sector[TABLE_START:TABLE_END]
    return bytes(sector)


def embedded_core(core_image: bytes, core_start: int, room: int) -> bytes:
    """`core.img` as it lies on the disk from sector `core_start` on, in whole sectors; `room`: how many it may take.

    Raises ValueError if it takes more, or is no core.img of the format i386-pc.
    """
    sectors = -(-len(core_image) // SECTOR)
    if sectors > room:
        raise ValueError(f"core.img: {sectors} sectors, of which {room} fit into the BIOS boot partition")
    core = bytearray(core_image.ljust(sectors * SECTOR, b"\0"))
    _, count, segment = struct.unpack_from("<QHH", core, BLOCKS)
    if (count, segment) != (sectors - 1, CORE_SEGMENT):
        raise ValueError("core.img: not of the format i386-pc, or made by a GRUB that is not known here")
    struct.pack_into("<QHH", core, BLOCKS, core_start + 1, sectors - 1, CORE_SEGMENT)
    return bytes(core)
