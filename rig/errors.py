"""Moved; here until nothing imports it any more."""

from toolchain.errors import RigError, last_lines

__all__ = ["RigError", "last_lines"]
