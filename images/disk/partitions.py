"""Where the partitions of an image lie, and the script by which sfdisk writes their table (GPT). Pure.

As Debian's own cloud images: numbers 14 and 15 come first on the disk, and the root, number 1, last: so it can grow.
"""

import uuid
from dataclasses import dataclass

SECTOR = 512
MIB_SECTORS = 2048
BIOS_BOOT = "21686148-6449-6E6F-744E-656564454649"
EFI_SYSTEM = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"
LINUX_ROOT_X86_64 = "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709"


@dataclass(frozen=True, slots=True)
class Partition:
    """`start` and `size` in sectors of 512 bytes; `kind`: the GPT type's UUID."""

    number: int
    start: int
    size: int
    kind: str
    identity: uuid.UUID

    @property
    def offset(self) -> int:
        """Where it begins, in bytes."""
        return self.start * SECTOR

    @property
    def length(self) -> int:
        """How long it is, in bytes."""
        return self.size * SECTOR


@dataclass(frozen=True, slots=True)
class Table:
    """The partitions of a disk of `disk_mib` MiB."""

    disk: uuid.UUID
    disk_mib: int
    bios_boot: Partition
    esp: Partition
    root: Partition


def table_of(disk_mib: int, disk: uuid.UUID, bios_boot: uuid.UUID, esp: uuid.UUID, root: uuid.UUID) -> Table:
    """The layout of a disk: 3 MiB for GRUB by BIOS, 124 MiB for EFI, the rest but the last MiB for the root."""
    root_start = 128 * MIB_SECTORS
    return Table(
        disk,
        disk_mib,
        Partition(14, 1 * MIB_SECTORS, 3 * MIB_SECTORS, BIOS_BOOT, bios_boot),
        Partition(15, 4 * MIB_SECTORS, 124 * MIB_SECTORS, EFI_SYSTEM, esp),
        Partition(1, root_start, (disk_mib - 1) * MIB_SECTORS - root_start, LINUX_ROOT_X86_64, root),
    )


def sfdisk_script(table: Table) -> str:
    """What sfdisk reads from stdin: every UUID is given, so that the same disk comes of it each time."""
    rows = "".join(
        f"{each.number} : start={each.start}, size={each.size}, type={each.kind}, uuid={str(each.identity).upper()}\n"
        for each in (table.bios_boot, table.esp, table.root)
    )
    return f"label: gpt\nlabel-id: {str(table.disk).upper()}\nunit: sectors\nfirst-lba: {MIB_SECTORS}\n\n{rows}"
