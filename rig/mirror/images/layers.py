"""Layers of container images: what they hold, and their tar archives, which are the same for the same content."""

import hashlib
import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO


@dataclass(frozen=True, slots=True)
class File:
    """A regular file; `content`: its bytes, or a file that holds them."""

    content: bytes | Path
    mode: int = 0o644


@dataclass(frozen=True, slots=True)
class Link:
    """A symbolic link."""

    target: str


@dataclass(frozen=True, slots=True)
class Directory:
    mode: int = 0o755


# By path inside the image, without a leading slash. Parent directories need no entry of their own.
Tree = Mapping[str, File | Link | Directory]


@dataclass(frozen=True, slots=True)
class Blob:
    """A blob of a registry: hex SHA-256 and bytes."""

    digest: str
    size: int


def write_layer(tree: Tree, file: Path) -> Blob:
    """Writes the layer's tar archive, uncompressed: it is served and unpacked on the machine it is made on."""
    with file.open("wb") as raw:
        sink = _Hashing(raw)
        with tarfile.open(fileobj=sink, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for path, entry in sorted(with_parents(tree).items()):
                _add(archive, path, entry)
    return Blob(sink.sha256.hexdigest(), sink.size)


def with_parents(tree: Tree) -> dict[str, File | Link | Directory]:
    """The tree with an entry for each directory on the way to another entry."""
    complete = dict(tree)
    for path in tree:
        for parent in PurePosixPath(path).parents:
            if str(parent) != ".":
                complete.setdefault(str(parent), Directory())
    return complete


def _add(archive: tarfile.TarFile, path: str, entry: File | Link | Directory) -> None:
    info = tarfile.TarInfo(path)
    if isinstance(entry, Link):
        info.type, info.linkname, info.mode = tarfile.SYMTYPE, entry.target, 0o777
        archive.addfile(info)
    elif isinstance(entry, Directory):
        info.type, info.mode = tarfile.DIRTYPE, entry.mode
        archive.addfile(info)
    elif isinstance(entry.content, bytes):
        info.size, info.mode = len(entry.content), entry.mode
        archive.addfile(info, io.BytesIO(entry.content))
    else:
        info.size, info.mode = entry.content.stat().st_size, entry.mode
        with entry.content.open("rb") as source:
            archive.addfile(info, source)


class _Hashing(io.RawIOBase):
    """Writes through to `target` and keeps the digest and size of what passed."""

    def __init__(self, target: BinaryIO) -> None:
        super().__init__()
        self._target = target
        self.sha256 = hashlib.sha256()
        self.size = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.size

    def write(self, data: object) -> int:
        if not isinstance(data, bytes | bytearray | memoryview):
            raise TypeError(f"cannot write {type(data).__name__} to a layer")
        self.sha256.update(data)
        self._target.write(data)
        self.size += len(data)
        return len(data)
