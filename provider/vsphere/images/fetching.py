"""An image's file on this machine: fetched if it is a URL, and checked against its SHA-256 before it is used."""

import gzip
import hashlib
import http.client
import stat
import tempfile
import time
import urllib.parse
import urllib.request
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPMessage
from pathlib import Path
from typing import IO, BinaryIO

from provider.vsphere.api import handshake
from provider.vsphere.errors import VsphereError
from provider.vsphere.images import file_kinds

CHUNK = 1024 * 1024
FETCH_SECONDS = 60
SLOWEST = 16 * 1024  # bytes in each FETCH_SECONDS: a server that sends less has broken off


@contextmanager
def fetched(source: str, sha256: str, check: Callable[[], None]) -> Iterator[BinaryIO]:
    """The file at a path or an https:// or file:// URL, unpacked if it is compressed by gzip as a whole.

    `check` is called between chunks and may raise. Raises VsphereError if it cannot be read or has another SHA-256.
    """
    with _local_file(source, check) as file:
        found = _digest(file, check)
        if found != sha256.lower():
            raise VsphereError(
                f"image {source}: its SHA-256 is {found}, image.sha256 in the site file is {sha256.lower()}; "
                "correct the one that is wrong"
            )
        file.seek(0)
        if file.read(2) != file_kinds.GZIP:
            yield file
            return
        with _scratch() as unpacked:
            _unpack(source, file, unpacked, check)
            yield unpacked


@contextmanager
def _local_file(source: str, check: Callable[[], None]) -> Iterator[BinaryIO]:
    url = urllib.parse.urlsplit(source)
    if url.scheme == "https":
        with _scratch() as file:
            _fetch(source, file, check)
            yield file
        return
    if url.scheme not in ("", "file"):
        raise VsphereError(f"image {source}: wanted a path or an https:// or file:// URL")
    path = Path(urllib.parse.unquote(url.path) if url.scheme else source)
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise VsphereError(f"image {path}: not a regular file; correct image.ova in the site file")
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise VsphereError(f"image {path}: {error.strerror or error}; correct image.ova in the site file") from None


@contextmanager
def _scratch() -> Iterator[BinaryIO]:
    with tempfile.TemporaryFile(prefix="kubelab-ova-") as file:
        yield file


class _HttpsAlone(urllib.request.HTTPRedirectHandler):
    """Follows a server's word to another place only by https."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        if urllib.parse.urlsplit(newurl).scheme != "https":
            raise OSError(f"the server sends on to {newurl}, which is not https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener() -> urllib.request.OpenerDirector:
    verified = urllib.request.HTTPSHandler(context=handshake.by_the_systems_cas())
    return urllib.request.build_opener(_HttpsAlone, verified)


def _fetch(url: str, file: IO[bytes], check: Callable[[], None]) -> None:
    done, whole = 0, None
    try:
        with _opener().open(url, timeout=FETCH_SECONDS) as response:
            whole = _length(response.headers)
            for chunk in _arriving(response, check):
                _keep(url, file, chunk)
                done += len(chunk)
    except (OSError, http.client.HTTPException, ValueError) as error:
        if done:
            raise _broken(url, done, whole, _reason(error)) from None
        raise VsphereError(
            f"image {url}: it cannot be fetched ({_reason(error)}); see whether image.ova in the site file is right "
            "and the server answers, then run up again"
        ) from None
    if whole is not None and done != whole:
        raise _broken(url, done, whole, "the server ended the connection")


def _arriving(response: http.client.HTTPResponse, check: Callable[[], None]) -> Iterator[bytes]:
    """What comes, as it comes. Raises TimeoutError of a server that hardly sends any more."""
    since, arrived = time.monotonic(), 0
    while chunk := response.read1(CHUNK):
        check()
        yield chunk
        arrived += len(chunk)
        if time.monotonic() - since >= FETCH_SECONDS:
            if arrived < SLOWEST:
                raise TimeoutError(f"no more than {arrived} bytes came in {FETCH_SECONDS} s")
            since, arrived = time.monotonic(), 0


def _reason(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _length(headers: HTTPMessage) -> int | None:
    value = headers.get("Content-Length", "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < len(str(1 << 64)) else None


def _broken(url: str, done: int, whole: int | None, reason: str) -> VsphereError:
    of = f" of {whole}" if whole is not None else ""
    return VsphereError(f"image {url}: the download broke after {done}{of} bytes ({reason}); run up again")


def _keep(source: str, file: IO[bytes], chunk: bytes) -> None:
    try:
        file.write(chunk)
    except OSError as error:
        raise VsphereError(
            f"image {source}: it cannot be kept in {tempfile.gettempdir()} ({error.strerror or error}); make room "
            "there, or set TMPDIR to a folder that has it"
        ) from None


def _unpack(source: str, packed: BinaryIO, file: BinaryIO, check: Callable[[], None]) -> None:
    packed.seek(0)
    try:
        with gzip.GzipFile(fileobj=packed, mode="rb") as stream:
            while chunk := stream.read(CHUNK):
                check()
                _keep(source, file, chunk)
    except (OSError, EOFError, zlib.error) as error:
        raise VsphereError(f"image {source}: compressed by gzip, and broken ({error}); make or fetch it anew") from None


def _digest(file: IO[bytes], check: Callable[[], None]) -> str:
    digest = hashlib.sha256()
    file.seek(0)
    while chunk := file.read(CHUNK):
        check()
        digest.update(chunk)
    return digest.hexdigest()
