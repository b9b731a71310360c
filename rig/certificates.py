"""Moved; here until nothing imports it any more."""

from rig.services.certificates import ensure_authority, ensure_server

__all__ = ["ensure_authority", "ensure_server"]
