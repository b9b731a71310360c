"""Files that a step writes in a guest, as one readable text: a preview shows the changed lines of each."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

# One line, and no component that leads elsewhere: names that a user gives (of a registry) are part of paths.
_PATH = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[^/\x00-\x1f\x7f-\x9f\u2028\u2029]+)+")
_MODE = re.compile(r"0[0-7]{3}")


@dataclass(frozen=True, slots=True)
class GuestFile:
    """One file: absolute path, text ending in a newline, mode as chmod takes it, of four digits."""

    path: str
    text: str
    mode: str = "0644"


def render_files(files: Sequence[GuestFile]) -> str:
    """The text that `write_files` of files.sh reads: each file under a line `=== <mode> <lines> <path>`.

    `lines` is the number of lines that are the file's text: whatever they say, none of them is taken for the next
    file's header. Raises ValueError for a file that this form cannot carry.
    """
    for file in files:
        if not _PATH.fullmatch(file.path) or file.path != file.path.strip() or not _MODE.fullmatch(file.mode):
            raise ValueError(f"{file.path!r}: a guest file has a one-line absolute path without `..`, and a mode")
        if not file.text.endswith("\n") or "\0" in file.text:
            raise ValueError(f"{file.path!r}: a guest file has a text without NUL that ends in a newline")
    return "".join(f"=== {file.mode} {_lines(file.text)} {file.path}\n{file.text}" for file in files)


def _lines(text: str) -> int:
    """How many lines the guest's shell reads; str.splitlines knows further separators."""
    return text.count("\n")
