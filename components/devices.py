"""What a node's machine has besides what it was made with, and what it wants of its host, as the provider takes it."""

from collections.abc import Mapping
from typing import Any

from config import CardConfig, ExtraDiskConfig, NodeConfig


def properties(node: NodeConfig) -> dict[str, Any]:
    """Cards, disks and power of a node's machine; None is left out, so that a machine without them has no such key."""
    return {
        "hardwareVersion": node.machine.hardware_version,
        "networks": [_card(card) for card in node.networks] or None,
        "extraDisks": [_disk(disk) for disk in node.extra_disks] or None,
        "power": "off" if node.power == "off" else None,
    }


def wants(node: NodeConfig) -> dict[str, Any]:
    """What a node's machine wants of its host, which is asked for it before anything is changed: see `WantedMachine`.

    Its image is known where the machine is to have a hardware version, or is made of a template.
    """
    found: dict[str, Any] = {
        "name": node.name,
        "diskGiB": node.machine.disk_gib,
        "memoryMiB": node.machine.memory_mib,
        "mac": node.mac_address,
        "address": node.address,
        "networks": [_card(card) for card in node.networks],
        "extraDisks": [_disk(disk) for disk in node.extra_disks],
        "hardwareVersion": node.machine.hardware_version,
        "template": node.image.template if node.image else "",
        "imageSha256": node.image.sha256 if node.image and node.machine.hardware_version else "",
    }
    return {key: value for key, value in found.items() if value}


def _card(card: CardConfig) -> Mapping[str, Any]:
    mac = {"macAddress": card.mac_address} if card.mac_address else {}
    return {"network": card.network, **({} if card.connected else {"connected": False}), **mac}


def _disk(disk: ExtraDiskConfig) -> Mapping[str, Any]:
    size = {} if disk.size_gib is None else {"sizeGiB": disk.size_gib}
    thin = {} if disk.thin else {"thin": False}
    return {"name": disk.name, **size, **thin, **({"remove": True} if disk.remove else {})}
