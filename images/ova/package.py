"""The OVA: a tar of descriptor, manifest and disk, in the order in which the OVF specification (DSP0243) wants them."""

import hashlib
import io
import tarfile
from pathlib import Path
from string import Template
from typing import BinaryIO

from images.ova.grains import compressed_grains
from images.ova.vmdk import GRAIN_BYTES, SECTOR, write_stream_optimized

DESCRIPTOR = Path(__file__).with_name("machine.ovf")
MIB = 1 << 20


def write_ova(ova: Path, name: str, title: str, disk: Path, scratch: Path) -> str:
    """Writes the OVA of a raw disk to `ova` and returns its SHA-256 in hex; the same disk gives the same bytes.

    `name`: of the machine and of the files inside; `title`: the operating system, for people; `scratch`: a directory
    for the compressed disk, which is removed. Raises ValueError for a disk that is not whole 32 MiB.
    """
    disk_name = f"{name}-disk1.vmdk"
    packed = scratch / disk_name
    with packed.open("wb") as sink:
        grains = write_stream_optimized(sink, disk_name, disk.stat().st_size // SECTOR, compressed_grains(disk))
    populated = grains * GRAIN_BYTES
    descriptor = descriptor_text(name, title, disk.stat().st_size, packed.stat().st_size, populated).encode()
    sums = {f"{name}.ovf": hashlib.sha256(descriptor).hexdigest(), disk_name: _sha256(packed)}
    with ova.open("wb") as sink, tarfile.open(fileobj=sink, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        _add(tar, f"{name}.ovf", io.BytesIO(descriptor), len(descriptor))
        manifest = manifest_text(sums).encode()
        _add(tar, f"{name}.mf", io.BytesIO(manifest), len(manifest))
        with packed.open("rb") as source:
            _add(tar, disk_name, source, packed.stat().st_size)
    packed.unlink()
    return _sha256(ova)


def descriptor_text(name: str, title: str, capacity: int, file_size: int, populated: int) -> str:
    """The OVF descriptor; `capacity`, `file_size` and `populated` (what of the disk holds something) in bytes."""
    return Template(DESCRIPTOR.read_text(encoding="utf-8")).substitute(
        name=name,
        title=title,
        disk_name=f"{name}-disk1.vmdk",
        disk_size=file_size,
        capacity_mib=capacity // MIB,
        populated=populated,
    )


def manifest_text(sums: dict[str, str]) -> str:
    """The manifest of files by name and SHA-256 in hex, as ovftool writes it."""
    return "".join(f"SHA256({name})= {digest}\n" for name, digest in sums.items())


def _add(tar: tarfile.TarFile, name: str, content: BinaryIO, size: int) -> None:
    member = tarfile.TarInfo(name)
    member.size = size
    member.mode = 0o644
    tar.addfile(member, content)


def _sha256(file: Path) -> str:
    with file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()
