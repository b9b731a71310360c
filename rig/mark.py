"""Whose a container, an image, a network or a firewall rule is: a word of this run's own, in every mark."""

import json
import secrets
from pathlib import Path

from toolchain.layout import Layout
from toolchain.system.secrets import secret_file

NAME = "mark.json"


def mark_of(layout: Layout) -> str:
    """The word, 12 hexadecimal digits: made at the first `up` of a `.rig` folder, and kept as long as the folder.

    A path would not tell runs apart: two jobs of CI often have the same one, in containers of their own beside one
    container engine. A folder that was copied to another path has none of the other's things. One that was deleted
    while its own engine runs on has its word from there.
    """
    here = str(layout.project)
    kept = _read(layout.state / NAME, here)
    if kept is not None:
        return kept
    word = _read(layout.runtime / NAME, here) or secrets.token_hex(6)
    _write(layout.state / NAME, word, here)
    return word


def leave_with_engine(layout: Layout) -> None:
    """Keeps the word beside the sockets of an engine of our own, too."""
    _write(layout.runtime / NAME, mark_of(layout), str(layout.project))


def _read(file: Path, project: str) -> str | None:
    try:
        known = json.loads(file.read_text())
        return str(known["mark"]) if known["project"] == project else None
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _write(file: Path, word: str, project: str) -> None:
    secret_file(file, json.dumps({"mark": word, "project": project}) + "\n")
