"""Moved; here until nothing imports it any more."""

from toolchain.system.secrets import ensure_secret, read_secret, secret_file

__all__ = ["ensure_secret", "read_secret", "secret_file"]
