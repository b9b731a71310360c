"""Debian 12, bookworm."""

from components.guest_families.debian import debian

GUEST_SYSTEM = debian("12", "bookworm")
