"""Files that a step writes in a guest, as one readable text: a preview shows the changed lines of each."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_HEADER = "=== "
_PATH = re.compile(r"/[^\s\0]([^\n\r\0]*[^\s\0])?")


@dataclass(frozen=True, slots=True)
class GuestFile:
    """One file: absolute path, text ending in a newline, mode as chmod takes it."""

    path: str
    text: str
    mode: str = "0644"


def render_files(files: Sequence[GuestFile]) -> str:
    """The text that the prelude's `write_files` reads: each file under a line `=== <mode> <path>`.

    Raises ValueError for a file that this form cannot carry.
    """
    for file in files:
        if not _PATH.fullmatch(file.path) or not file.text.endswith("\n") or "\0" in file.text:
            raise ValueError(
                f"{file.path!r}: a guest file has a one-line absolute path, and a text without NUL that ends in a "
                "newline"
            )
        if any(line.startswith(_HEADER) for line in file.text.splitlines()):
            raise ValueError(f"{file.path}: a guest file has no line that starts with {_HEADER!r}")
    return "".join(f"{_HEADER}{file.mode} {file.path}\n{file.text}" for file in files)
