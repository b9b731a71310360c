"""By which firmware a machine starts: that of its image, which its disk is made for, so that no other starts it. Pure.

It is noted when the machine is made: whoever changes it on the host keeps the machine from its next start.
"""

from provider.vsphere import identity
from provider.vsphere.model import ObservedMachine

_EFI, _SECURE = "efi", "+secureboot"


def of(found: ObservedMachine) -> str:
    """Its firmware in a word: `bios`, `efi`, `efi+secureboot`; "" if the host does not show it."""
    return found.firmware + (_SECURE if found.firmware == _EFI and found.secure_boot else "")


def lost(found: ObservedMachine) -> str:
    """The firmware that it was made with, if it has another one now; else ""."""
    made = found.extra_config.get(identity.FIRMWARE_KEY, "")
    return made if made and found.firmware and made != of(found) else ""


def parts(word: str) -> tuple[str, bool]:
    """What the API says by two properties: the firmware, and whether Secure Boot is on."""
    return word.removesuffix(_SECURE), word.endswith(_SECURE)
