"""From a root file system, as a tar, to a raw disk that boots by BIOS and by UEFI: without mounts or block devices."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from images.debian.namespace import as_root
from images.debian.recipe import Recipe
from images.disk.bios_boot import boot_sector, embedded_core
from images.disk.file_systems import ext4_arguments, fat_arguments, fat_copy_arguments, times_script
from images.disk.partitions import SECTOR, Partition, Table, sfdisk_script, table_of
from toolchain.errors import SetupError
from toolchain.system.run import answer, logged

DISK_MIB = 3072
GRUB_FOR_BIOS = Path("boot/grub/i386-pc")
ESP = Path("boot/efi")
SECONDS = 600.0
COPY_BYTES = 1 << 20


def build_disk(
    recipe: Recipe,
    rootfs: Path,
    moment: int,
    disk: Path,
    scratch: Path,
    log: Path,
    environ: Mapping[str, str],
    disk_mib: int = DISK_MIB,
) -> None:
    """Writes the raw disk of `disk_mib` MiB; `moment`: the time (Unix seconds) of all that has none of its own.

    `scratch`: an empty directory for the files on their way, which may belong to users of `as_root` afterwards.
    SetupError when a command fails.
    """
    doing = f"making the disk of {recipe.system}"
    frozen = {
        **environ,
        "LC_ALL": "C",
        "TZ": "UTC",
        "SOURCE_DATE_EPOCH": str(moment),
        "E2FSPROGS_FAKE_TIME": str(moment),
    }
    table = table_of(
        disk_mib, *(recipe.identity(each) for each in ("disk", "bios-boot", "esp-partition", "root-partition"))
    )
    root, esp = scratch / "root", scratch / "esp"

    def run(*argv: str) -> None:
        logged([*as_root(), *argv], log, doing, frozen, timeout=SECONDS)

    root.mkdir()
    # Devices come from the kernel when the machine boots, and only root may make any here.
    unpack = ("--numeric-owner", "--xattrs", "--xattrs-include=*", "--exclude=./dev/*", "--preserve-permissions")
    run("tar", "--extract", "--file", str(rootfs), *unpack, "--directory", str(root))
    boot_image = (root / GRUB_FOR_BIOS / "boot.img").read_bytes()
    core_image = (root / GRUB_FOR_BIOS / "core.img").read_bytes()
    # What lies below the mount point of the EFI system partition goes there.
    run("cp", "--recursive", "--preserve=timestamps", str(root / ESP), str(esp))
    run("find", str(root / ESP), "-mindepth", "1", "-delete")
    run("touch", "--reference", str(root / "boot/grub/grub.cfg"), str(root / ESP))

    with disk.open("wb") as empty:
        empty.truncate(disk_mib << 20)
    answer(["sfdisk", "--quiet", str(disk)], doing, frozen, given=sfdisk_script(table))
    run(*ext4_arguments(disk, table.root, root, recipe.identity("root")))
    _set_times(disk, table.root, moment, scratch, doing, frozen)
    image = scratch / "esp.img"
    run(*fat_arguments(image, table.esp.length >> 10, recipe.identity("esp")))
    for argv in fat_copy_arguments(image, esp):
        run(*argv)
    _copy_into(disk, image, table.esp)
    _install_grub(disk, table, boot_image, core_image, doing)


def _set_times(
    disk: Path, partition: Partition, moment: int, scratch: Path, doing: str, environ: Mapping[str, str]
) -> None:
    """By debugfs, which reads a file system at an offset."""
    place = f"{disk}?offset={partition.offset}"
    said = answer(["dumpe2fs", "-h", place], doing, environ)
    counts = dict(re.findall(r"^(Inode count|Free inodes): +(\d+)$", said, re.MULTILINE))
    script = scratch / "times"
    script.write_text(times_script(int(counts["Inode count"]) - int(counts["Free inodes"]), moment))
    answer(["debugfs", "-w", "-f", str(script), place], doing, environ, timeout=SECONDS)


def _copy_into(disk: Path, image: Path, partition: Partition) -> None:
    with disk.open("r+b") as target, image.open("rb") as source:
        target.seek(partition.offset)
        while block := source.read(COPY_BYTES):
            if block.strip(b"\0"):
                target.write(block)
            else:
                target.seek(len(block), os.SEEK_CUR)


def _install_grub(disk: Path, table: Table, boot_image: bytes, core_image: bytes, doing: str) -> None:
    try:
        with disk.open("r+b") as target:
            core = embedded_core(core_image, table.bios_boot.start, table.bios_boot.size)
            first = boot_sector(boot_image, target.read(SECTOR), table.bios_boot.start)
            target.seek(0)
            target.write(first)
            target.seek(table.bios_boot.offset)
            target.write(core)
    except ValueError as error:
        raise SetupError(f"{doing}: {error}") from error
