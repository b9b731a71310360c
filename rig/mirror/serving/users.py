"""The one user of the private registry, in the form that the registry reads."""

from pathlib import Path

import bcrypt

from toolchain.system.secrets import ensure_secret, read_secret, secret_file

NAME = "puller"


def ensure(password: Path, htpasswd: Path) -> None:
    """A password (made once) and the htpasswd file that knows it; both 0600, and as they were while they agree."""
    ensure_secret(password)
    secret = read_secret(password).encode()
    if htpasswd.is_file() and _knows(htpasswd.read_text(), secret):
        return
    secret_file(htpasswd, f"{NAME}:{bcrypt.hashpw(secret, bcrypt.gensalt()).decode()}\n")


def _knows(text: str, secret: bytes) -> bool:
    name, _, hashed = text.strip().partition(":")
    try:
        return name == NAME and bcrypt.checkpw(secret, hashed.encode())
    except ValueError:
        return False
