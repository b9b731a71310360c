"""An OVA as what it is: a tar archive with a descriptor and the files that it names."""

import gzip
import io
import posixpath
import tarfile
import urllib.parse
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, BinaryIO, cast

from provider.vsphere.errors import VsphereError
from provider.vsphere.images import file_kinds
from provider.vsphere.images.descriptor import ReferencedFile

CHUNK = 1024 * 1024
BEGINNING, END = 512, 64 * 1024  # bytes that tell what a disk is, and whether all of it is there
_LARGEST_DESCRIPTOR = 16 * 1024 * 1024
_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Content:
    """A file of the image, unpacked: `open` gives a new stream of all of its `size` bytes; how it begins and ends."""

    size: int
    beginning: bytes = field(repr=False)
    end: bytes = field(repr=False)
    open: Callable[[], IO[bytes]] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Archive:
    """The members of an open OVA by their names (`./x` and `x` are one), and where its descriptor lies."""

    source: str
    tar: tarfile.TarFile = field(repr=False)
    members: Mapping[str, tarfile.TarInfo] = field(repr=False)
    descriptor_name: str

    def descriptor(self) -> bytes:
        """The descriptor as it is stored. Raises VsphereError if it is larger than any descriptor is."""
        info = self.members[self.descriptor_name]
        if info.size > _LARGEST_DESCRIPTOR:
            raise VsphereError(f"image {self.source}: its descriptor {self.descriptor_name} has {info.size} bytes")
        return self._stream([info]).read()

    def content(self, file: ReferencedFile, check: Callable[[], None]) -> Content:
        """A file that the descriptor names: chunks joined, gzip undone. Raises VsphereError, naming what is missing."""
        parts = [self._member(name, file) for name in self._names(file)]
        packed = self._stream(parts).read(len(file_kinds.GZIP)) == file_kinds.GZIP
        size = sum(part.size for part in parts)
        if not packed:
            stream = self._stream(parts)
            beginning = stream.read(BEGINNING)
            stream.seek(max(0, size - END))
            return Content(size, beginning, stream.read(), lambda: self._stream(parts))
        return self._measured(file, lambda: _unpacked(self._stream(parts)), check)

    def _names(self, file: ReferencedFile) -> list[str]:
        if file.chunk_size is None:
            return [file.href]
        chunks = [name for number in range(len(self.members)) if self._has(name := f"{file.href}.{number:09d}")]
        if not chunks and self._has(file.href):
            return [file.href]
        whole = sum(self._member(name, file).size for name in chunks)
        if not chunks or file.size not in (None, whole):
            raise VsphereError(
                f"image {self.source}: its descriptor says that {file.href} is cut into chunks of {file.chunk_size} "
                f"bytes, {file.size or 'some'} bytes in all; found {len(chunks)} chunks with {whole} bytes; fetch or "
                "export it anew"
            )
        return chunks

    def _has(self, href: str) -> bool:
        return any(name in self.members for name in self._spellings(href))

    def _spellings(self, href: str) -> list[str]:
        """Names that an href may stand for: it is relative to the descriptor, and may be written as part of a URL."""
        folder = posixpath.dirname(self.descriptor_name)
        forms = (href, urllib.parse.unquote(href))
        return [_normal(name) for form in forms for name in (posixpath.join(folder, form), form)]

    def _member(self, href: str, file: ReferencedFile) -> tarfile.TarInfo:
        if "://" in href:
            raise VsphereError(
                f"image {self.source}: its descriptor names {href}, which lies elsewhere; take an OVA that has all its "
                "files in it"
            )
        for name in self._spellings(href):
            if name in self.members:
                return self.members[name]
        raise VsphereError(
            f"image {self.source}: its descriptor names {file.href}, which is not in it ({_listed(self.members)}); "
            "fetch or export it anew"
        )

    def _stream(self, parts: Sequence[tarfile.TarInfo]) -> IO[bytes]:
        streams = [self.tar.extractfile(part) for part in parts]
        found = [stream for stream in streams if stream is not None]
        return found[0] if len(found) == 1 else io.BufferedReader(_Joined(found), CHUNK)

    def _measured(self, file: ReferencedFile, opened: Callable[[], IO[bytes]], check: Callable[[], None]) -> Content:
        """By reading all of it: how large a file is that was compressed, nothing tells that can be relied on."""
        size, beginning, end = 0, b"", b""
        try:
            with opened() as stream:
                while chunk := stream.read(CHUNK):
                    check()
                    beginning = beginning or chunk[:BEGINNING]
                    end = (end + chunk)[-END:]
                    size += len(chunk)
        except (OSError, EOFError, zlib.error) as error:
            raise VsphereError(
                f"image {self.source}: {file.href} is compressed by gzip, and broken ({error}); fetch or export it anew"
            ) from None
        return Content(size, beginning, end, opened)


class _Joined(io.RawIOBase):
    """Streams as one, one after the other."""

    def __init__(self, streams: Sequence[IO[bytes]]) -> None:
        self._streams = streams
        self._sizes = [stream.seek(0, io.SEEK_END) for stream in streams]
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: sum(self._sizes)}[whence]
        self._position = base + offset
        return self._position

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        start = 0
        for stream, size in zip(self._streams, self._sizes, strict=True):
            if self._position < start + size:
                stream.seek(self._position - start)
                data = stream.read(min(len(view), start + size - self._position))
                view[: len(data)] = data
                self._position += len(data)
                return len(data)
            start += size
        return 0


def _unpacked(packed: IO[bytes]) -> IO[bytes]:
    return cast("IO[bytes]", gzip.GzipFile(fileobj=packed, mode="rb"))


@contextmanager
def opened(file: BinaryIO, source: str) -> Iterator[Archive]:
    """The archive in a file. Raises VsphereError if it is none, ends too early, or has no descriptor or several."""
    beginning, size = _ends(file)
    try:
        with tarfile.open(fileobj=file, mode="r:", name=source) as tar:
            members = _members(tar, source, size)
            yield Archive(source, tar, members, _descriptor_name(members, source))
    except (tarfile.TarError, UnicodeError, EOFError) as error:
        raise VsphereError(
            f"image {source}: not an OVA, which is a tar archive: it is {file_kinds.kind_of(beginning)} ({error})"
        ) from None


def _ends(file: BinaryIO) -> tuple[bytes, int]:
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    beginning = file.read(BEGINNING)
    file.seek(0)
    return beginning, size


def _members(tar: tarfile.TarFile, source: str, size: int) -> dict[str, tarfile.TarInfo]:
    found: dict[str, tarfile.TarInfo] = {}
    for member in tar:
        if member.isreg() and not member.issparse() and member.offset_data + member.size > size:
            raise VsphereError(
                f"image {source}: it ends in the middle of {member.name} ({size} bytes are there, "
                f"{member.offset_data + member.size} wanted); fetch or export it anew"
            )
        if member.isreg():
            found[_normal(member.name)] = member
    return found


def _descriptor_name(members: Mapping[str, tarfile.TarInfo], source: str) -> str:
    """What macOS puts beside files (`._x.ovf`) is none of them."""
    names = [name for name in members if name.lower().endswith(".ovf") and not _of_macos(name)]
    if len(names) == 1:
        return names[0]
    if names:
        raise VsphereError(
            f"image {source}: it has {len(names)} OVF descriptors ({', '.join(sorted(names)[:_SHOWN])}), wanted one "
            "machine; take an OVA of one"
        )
    raise VsphereError(f"image {source}: no OVF descriptor in it ({_listed(members)}); take an OVA that has one")


def _of_macos(name: str) -> bool:
    return posixpath.basename(name).startswith("._") or "__MACOSX" in name.split("/")


def _normal(name: str) -> str:
    return posixpath.normpath(name).lstrip("/")


def _listed(members: Mapping[str, tarfile.TarInfo]) -> str:
    names = sorted(members)
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"it holds {', '.join(names[:_SHOWN]) or 'nothing'}{more}"
