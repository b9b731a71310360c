"""A small OVA for tests of the driver, with an empty disk: the same bytes on every run."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from pathlib import Path
from string import Template

from images.ova.vmdk import SECTOR
from tests.vsphere.images.vmdk import stream_optimized

NAME = "kubelab-node"
CAPACITY_MIB = 1024
DESCRIPTOR = Path(__file__).with_name("node.ovf")


CONTENT = b"A node of the embedded lab.\n"


def build_ova(path: Path, content: bytes = CONTENT) -> str:
    """Writes the OVA to `path` (parent directories are made; replaced in one step) and returns its SHA-256 in hex."""
    ova = ova_bytes(content)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.write_bytes(ova)
    unfinished.replace(path)
    return hashlib.sha256(ova).hexdigest()


def ova_bytes(content: bytes = CONTENT) -> bytes:
    """The OVA, with `content` at the beginning of its disk.

    It is a tar of descriptor, manifest and disk, in the order in which the OVF specification wants them.
    """
    disk_name = f"{NAME}-disk1.vmdk"
    disk = stream_optimized(disk_name, CAPACITY_MIB * 1024 * 1024 // SECTOR, content)
    descriptor = (
        Template(DESCRIPTOR.read_text(encoding="utf-8"))
        .substitute(disk_name=disk_name, disk_size=len(disk), capacity_mib=CAPACITY_MIB)
        .encode()
    )
    hashed = {f"{NAME}.ovf": descriptor, disk_name: disk}
    manifest = "".join(f"SHA256({name})= {hashlib.sha256(data).hexdigest()}\n" for name, data in hashed.items())
    return _tar({f"{NAME}.ovf": descriptor, f"{NAME}.mf": manifest.encode(), disk_name: disk})


def _tar(members: dict[str, bytes]) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            member.mode = 0o644
            tar.addfile(member, io.BytesIO(data))
    return archive.getvalue()
