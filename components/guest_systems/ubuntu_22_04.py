"""Ubuntu 22.04, Jammy Jellyfish."""

from components.guest_families.ubuntu import ubuntu

GUEST_SYSTEM = ubuntu("22.04", "jammy")
