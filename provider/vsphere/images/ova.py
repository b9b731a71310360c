"""Reads an OVA: fetched if it is a URL, checked against its SHA-256 before anything of it is used."""

import hashlib
import tarfile
import tempfile
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPMessage
from pathlib import Path
from typing import IO, BinaryIO
from xml.etree import ElementTree

from provider.vsphere.errors import VsphereError

CHUNK = 1024 * 1024
FETCH_SECONDS = 60
OVF_NAMESPACE = "{http://schemas.dmtf.org/ovf/envelope/1}"


@dataclass(frozen=True, slots=True)
class Ova:
    """An open OVA: its OVF descriptor (XML text) and the names of the networks that it mentions."""

    archive: tarfile.TarFile
    descriptor: str
    networks: tuple[str, ...]

    def member(self, name: str) -> tuple[IO[bytes], int]:
        """A file of the OVA and its size in bytes. Raises VsphereError if it is not in there."""
        try:
            info = self.archive.getmember(name)
        except KeyError:
            raise VsphereError(f"OVA {self.archive.name!s}: its descriptor names {name}, which is not in it") from None
        stream = self.archive.extractfile(info)
        if stream is None:
            raise VsphereError(f"OVA {self.archive.name!s}: {name} is not a file")
        return stream, info.size


@contextmanager
def opened(source: str, sha256: str, check: Callable[[], None]) -> Iterator[Ova]:
    """Opens an OVA by path or https:// or file:// URL; `check` is called between chunks and may raise.

    Raises VsphereError if it cannot be read, has another SHA-256 or is no OVA.
    """
    with _local_file(source, check) as file:
        found = _digest(file, check)
        if found != sha256.lower():
            raise VsphereError(
                f"image {source}: its SHA-256 is {found}, image.sha256 in the site file is {sha256.lower()}; "
                "correct the one that is wrong"
            )
        file.seek(0)
        try:
            with tarfile.open(fileobj=file, mode="r:", name=source) as archive:
                yield _read(archive, source)
        except tarfile.TarError as error:
            raise VsphereError(f"image {source}: not an OVA ({error})") from None


@contextmanager
def _local_file(source: str, check: Callable[[], None]) -> Iterator[BinaryIO]:
    url = urllib.parse.urlsplit(source)
    if url.scheme == "https":
        with tempfile.TemporaryFile(prefix="kubelab-ova-") as file:
            _fetch(source, file, check)
            yield file
        return
    if url.scheme not in ("", "file"):
        raise VsphereError(f"image {source}: wanted a path or an https:// or file:// URL")
    path = Path(urllib.parse.unquote(url.path) if url.scheme else source)
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise VsphereError(f"image {path}: {error.strerror or error}; correct image.ova in the site file") from None


class _HttpsAlone(urllib.request.HTTPRedirectHandler):
    """Follows a server's word to another place only by https."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        if urllib.parse.urlsplit(newurl).scheme != "https":
            raise OSError(f"the server sends on to {newurl}, which is not https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _fetch(url: str, file: IO[bytes], check: Callable[[], None]) -> None:
    try:
        with urllib.request.build_opener(_HttpsAlone).open(url, timeout=FETCH_SECONDS) as response:
            while chunk := response.read(CHUNK):
                check()
                file.write(chunk)
    except OSError as error:
        raise VsphereError(f"image {url}: it cannot be fetched ({error})") from None


def _digest(file: IO[bytes], check: Callable[[], None]) -> str:
    digest = hashlib.sha256()
    file.seek(0)
    while chunk := file.read(CHUNK):
        check()
        digest.update(chunk)
    return digest.hexdigest()


def _read(archive: tarfile.TarFile, source: str) -> Ova:
    name = next((member.name for member in archive if member.name.endswith(".ovf")), None)
    stream = archive.extractfile(name) if name else None
    if stream is None:
        raise VsphereError(f"image {source}: no OVF descriptor in it")
    descriptor = stream.read().decode()
    try:
        root = ElementTree.fromstring(descriptor)
    except ElementTree.ParseError as error:
        raise VsphereError(f"image {source}: its OVF descriptor is not XML ({error})") from None
    names = [network.get(f"{OVF_NAMESPACE}name") for network in root.iter(f"{OVF_NAMESPACE}Network")]
    return Ova(archive, descriptor, tuple(name for name in names if name))
