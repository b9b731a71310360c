"""The commands that make a disk's file systems as files, without mounts; the same content gives the same bytes. Pure.

ext4: e2fsprogs before 1.47.1 takes the times of inodes from the directory that it copies, where those of change are of
today: `times_script` sets them afterwards. FAT: mtools takes times from SOURCE_DATE_EPOCH.
"""

import uuid
from pathlib import Path

from images.disk.partitions import Partition

# As Debian's cloud images have it, but without what GRUB 2.06 and kernel 6.1 do not know.
FEATURES = (
    *("none", "sparse_super", "large_file", "filetype", "resize_inode", "dir_index", "ext_attr", "has_journal"),
    *("extent", "huge_file", "flex_bg", "metadata_csum", "64bit", "dir_nlink", "extra_isize"),
)
BLOCK_BYTES = 4096
TIMES = ("atime", "mtime", "ctime", "crtime")
FIRST_INODE, ROOT_INODE = 11, 2


def ext4_arguments(disk: Path, partition: Partition, content: Path, identity: uuid.UUID) -> list[str]:
    """The command that fills a partition of a raw disk with the content of a directory, by e2fsprogs."""
    return [
        "mke2fs",
        *("-q", "-F", "-t", "ext4", "-b", str(BLOCK_BYTES), "-I", "256", "-i", "16384", "-m", "1"),
        *("-O", ",".join(FEATURES), "-J", "size=64", "-L", "root", "-U", str(identity)),
        *("-E", f"offset={partition.offset},hash_seed={identity},lazy_itable_init=1,nodiscard,root_owner=0:0"),
        *("-e", "remount-ro", "-d", str(content), str(disk), str(partition.length // BLOCK_BYTES)),
    ]


def times_script(inodes: int, moment: int) -> str:
    """What debugfs reads to set when inodes were changed and made: those up to number `inodes`, in Unix seconds."""
    numbers = (ROOT_INODE, *range(FIRST_INODE, inodes + 1))
    return "".join(
        f"sif <{number}> {field} @{moment}\n" for number in numbers for field in ("ctime", "atime", "crtime")
    )


def fat_arguments(image: Path, kibibytes: int, identity: uuid.UUID) -> list[str]:
    """The command that makes an empty EFI system partition as a file, by dosfstools."""
    volume = f"{identity.int & 0xFFFFFFFF:08x}"
    return ["mkfs.vfat", "--invariant", "-F", "32", "-n", "EFI", "-i", volume, "-C", str(image), str(kibibytes)]


def fat_copy_arguments(image: Path, content: Path) -> list[list[str]]:
    """The commands that copy the content of a directory into it, in order of names, by mtools."""
    return [["mcopy", "-s", "-Q", "-i", str(image), *map(str, sorted(content.iterdir())), "::"]]
