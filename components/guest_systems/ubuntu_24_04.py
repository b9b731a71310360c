"""Ubuntu 24.04, Noble Numbat."""

from components.guest_families.ubuntu import ubuntu

GUEST_SYSTEM = ubuntu("24.04", "noble")
