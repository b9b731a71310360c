"""Debian 13, trixie."""

from components.guest_families.debian import debian

GUEST_SYSTEM = debian("13", "trixie")
