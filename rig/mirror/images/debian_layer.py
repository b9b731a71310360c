"""A layer made of unpacked Debian packages: programs and libraries, without documentation, usr-merged."""

import io
import subprocess
import tarfile
from collections.abc import Iterable
from pathlib import Path

from rig.mirror.images.layers import Directory, File, Link
from toolchain.errors import SetupError

_MERGED = ("bin", "sbin", "lib", "lib64")
_LEFT_OUT = ("etc/", "usr/share/", "var/")
_KEPT = ("etc/protocols", "etc/services", "etc/ethertypes")
# Character set conversions of the C library: a third of its size, and nothing here converts.
_LEFT_OUT_ANYWHERE = ("/gconv/",)


def unpack(debs: Iterable[Path]) -> dict[str, File | Link | Directory]:
    """The packages' files by path; no maintainer script runs. SetupError for a package that dpkg-deb cannot read."""
    tree: dict[str, File | Link | Directory] = {}
    for deb in sorted(debs):
        done = subprocess.run(["dpkg-deb", "--fsys-tarfile", str(deb)], capture_output=True)
        if done.returncode != 0:
            raise SetupError(f"unpacking {deb.name} for an image: {done.stderr.decode(errors='replace').strip()}")
        with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
            _collect(archive, tree)
    return tree


def _collect(archive: tarfile.TarFile, tree: dict[str, File | Link | Directory]) -> None:
    for member in archive:
        path = merged(member.name)
        if not wanted(path):
            continue
        if member.issym():
            tree[path] = Link(member.linkname)
        elif member.isreg() or member.islnk():
            content = archive.extractfile(member)  # follows a hard link to the file it names
            tree[path] = File(content.read() if content else b"", member.mode)


def wanted(path: str) -> bool:
    """Whether a path belongs into an image: programs, libraries and the names of protocols."""
    if path.startswith(_LEFT_OUT):
        return path in _KEPT
    return not any(part in path for part in _LEFT_OUT_ANYWHERE)


def merged(path: str) -> str:
    """A member's path below /usr where /bin, /sbin and /lib are links to there."""
    clean = path.removeprefix("./").rstrip("/")
    top = clean.split("/", 1)[0]
    return f"usr/{clean}" if top in _MERGED else clean
