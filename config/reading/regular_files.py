"""Files on the disk: how messages name them, and their text. Reading neither waits nor goes on without end."""

import errno
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from config.problems import without_login

LARGEST = 1024 * 1024
"""Bytes of the largest file that is read: more than any list of authorities, far more than any lab's description."""

_LONGEST_SHOWN = 240
_CHUNK = 64 * 1024
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
_REMEDIES: Mapping[int, str] = MappingProxyType(
    {
        errno.ENOENT: "write the file or correct the path",
        errno.ENOTDIR: "correct the path",
        errno.EACCES: "let yourself read it (chmod u+r)",
        errno.EPERM: "let yourself read it (chmod u+r)",
        errno.ENAMETOOLONG: "correct the path",
        errno.ELOOP: "correct the path, whose links lead in a circle",
    }
)


class UnreadableFileError(ValueError):
    """A file that cannot be read as text; str() is the reason and the remedy, without the file's name or content."""


def display(file: Path) -> str:
    """`file` as messages name it: relative to the current folder where it lies below.

    The middle of a long one is cut; what looks like a login, of an address written in place of a path, is not shown.
    """
    path = Path(os.path.abspath(file))  # noqa: PTH100 (resolve() would show where a link leads, not what the user wrote)
    text = without_login(str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path))
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN // 2]}...{text[-_LONGEST_SHOWN // 4 :]}"


def is_missing(file: Path) -> bool:
    """Whether there is no such file; one that is there but out of reach is not missing."""
    try:
        file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):  # ValueError for what no path can have
        return False
    return False


def kind_other_than_file(file: Path) -> str | None:
    """What `file` is if it is there and no regular file (`a folder`); None otherwise, also where that is unknown."""
    try:
        return _other_kind(file.stat().st_mode)
    except OSError:
        return None


def read_text(file: Path, largest: int = LARGEST) -> str:
    """The text of a regular file of at most `largest` bytes, in UTF-8, without a byte order mark.

    Raises UnreadableFileError.
    """
    try:
        return _read_bytes(file, largest).decode("utf-8-sig")
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        remedy = _REMEDIES.get(error.errno or 0, "correct the path")
        raise UnreadableFileError(f"{reason}; {remedy}") from None
    except UnicodeDecodeError:
        raise UnreadableFileError("it is not text in UTF-8; save it in that encoding") from None


def _read_bytes(file: Path, largest: int) -> bytes:
    _refuse_other_kinds(file.stat().st_mode)  # opening a device may already do something
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        _refuse_other_kinds(os.fstat(descriptor).st_mode)
        content = bytearray()
        while chunk := os.read(descriptor, _CHUNK):
            content += chunk
            if len(content) > largest:
                raise UnreadableFileError(f"it has more than {largest} bytes; correct the path, or write less")
        return bytes(content)
    finally:
        os.close(descriptor)


def _refuse_other_kinds(mode: int) -> None:
    kind = _other_kind(mode)
    if kind:
        raise UnreadableFileError(f"it is {kind}, wanted: a regular file")


def _other_kind(mode: int) -> str | None:
    if stat.S_ISREG(mode):
        return None
    return next((kind for is_kind, kind in _KINDS if is_kind(mode)), "no file")
