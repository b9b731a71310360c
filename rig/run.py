"""Moved; here until nothing imports it any more."""

from toolchain.system.run import answer, logged

__all__ = ["answer", "logged"]
