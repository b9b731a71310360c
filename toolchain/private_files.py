"""States, their backups and what belongs to them, for their owner's eyes alone.

The engine leaves the mode of its files to the umask, which most machines have at 022: all could read them.
"""

import shlex
from pathlib import Path

FOLDER, FILE = 0o700, 0o600


def ensure_folder(folder: Path) -> None:
    """A folder that its owner alone may enter, made if missing."""
    folder.mkdir(mode=FOLDER, parents=True, exist_ok=True)
    folder.chmod(FOLDER)


def close(folder: Path) -> None:
    """Takes everything in a folder, and the folder, from all but its owner; links are left alone."""
    ensure_folder(folder)
    for path in folder.rglob("*"):
        if path.is_symlink():
            continue
        wanted = FOLDER if path.is_dir() else FILE
        if path.stat().st_mode & 0o077:
            path.chmod(wanted)


def write_launcher(launcher: Path, program: Path) -> None:
    """An executable that becomes `program`, with an umask under which its files are its owner's alone."""
    comment = "# Written by `make setup`: what the engine writes is for its owner alone."
    text = f'#!/bin/sh\n{comment}\numask 077\nexec {shlex.quote(str(program))} "$@"\n'
    if launcher.is_file() and not launcher.is_symlink() and launcher.read_text() == text:
        return
    scratch = launcher.with_name(f".{launcher.name}.new")
    scratch.unlink(missing_ok=True)
    scratch.write_text(text)
    scratch.chmod(0o755)
    scratch.replace(launcher)
