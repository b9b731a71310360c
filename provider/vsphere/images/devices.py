"""Which devices of an image its machines do not get. Pure.

A machine has a disk on a controller of the image's kind, one network card, and what all have (keyboard, video).
"""

from collections import Counter
from collections.abc import Iterable

from provider.vsphere.images.descriptor import Device

NETWORK_CARD = 10
_COMMON = {3, 4, 5, 6, 13, 17, 18, 20, 24}  # processor, memory, controllers of disks, the disk, keyboard, video
_NAMES = {
    7: "Fibre Channel adapter",
    8: "iSCSI adapter",
    9: "InfiniBand adapter",
    11: "network adapter",
    12: "PCI device",
    14: "floppy drive",
    15: "CD/DVD drive",
    16: "CD/DVD drive",
    19: "storage extent",
    21: "serial port",
    22: "parallel port",
    23: "USB controller",
    25: "graphics device",
    33: "graphics device",
    35: "sound card",
    36: "sound card",
}
_BY_SUBTYPE = (
    ("vtpm", "TPM"),
    ("tpm", "TPM"),
    ("vmci", ""),  # every machine has it
    ("pcipassthrough", "PCI passthrough"),
    ("serialport", "serial port"),
    ("parallelport", "parallel port"),
    ("soundcard", "sound card"),
    ("hdaudio", "sound card"),
    ("nvdimm", "NVDIMM"),
    ("watchdog", "watchdog timer"),
    ("precisionclock", "precision clock"),
    ("sgx", "SGX"),
    ("usb", "USB controller"),
)


def not_given(devices: Iterable[Device]) -> tuple[str, ...]:
    """What of these devices a machine lacks, in words, such as `serial port` and `2 of 3 network cards`."""
    all_of = list(devices)
    missing = Counter(name for device in all_of if (name := _name(device)))
    listed = [name if number == 1 else f"{number} x {name}" for name, number in missing.items()]
    cards = sum(1 for device in all_of if device.kind == NETWORK_CARD)
    return (*([f"{cards - 1} of {cards} network cards"] if cards > 1 else []), *listed)


def _name(device: Device) -> str:
    if device.kind in _COMMON or device.kind == NETWORK_CARD:
        return ""
    subtype = device.subtype.lower().replace("vmware.", "")
    if device.kind in _NAMES:
        return _NAMES[device.kind]
    known = next((name for part, name in _BY_SUBTYPE if part in subtype), None)
    return known if known is not None else device.name or device.subtype or f"device of kind {device.kind}"
