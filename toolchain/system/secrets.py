"""Secrets of this clone: random, in files only their owner can read, never replaced while they exist."""

import os
import secrets
from pathlib import Path


def secret_file(file: Path, text: str) -> None:
    """Writes a 0600 file, complete or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    scratch = file.with_name(f".{file.name}.new")
    scratch.unlink(missing_ok=True)
    handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as stream:
        stream.write(text)
    scratch.replace(file)


def read_secret(file: Path) -> str:
    """The first line of a secret file, as the engine and the simulator read it."""
    return file.read_text().split("\n", 1)[0]


def ensure_secret(file: Path) -> None:
    """A random secret of 192 bits, made once."""
    if not file.is_file() or not read_secret(file):
        secret_file(file, secrets.token_urlsafe(24) + "\n")
    file.chmod(0o600)
