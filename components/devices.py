"""What a node's machine has besides what it was made with, as the provider takes it."""

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


def _card(card: CardConfig) -> Mapping[str, Any]:
    mac = {"macAddress": card.mac_address} if card.mac_address else {}
    return {"network": card.network, **({} if card.connected else {"connected": False}), **mac}


def _disk(disk: ExtraDiskConfig) -> Mapping[str, Any]:
    size = {} if disk.size_gib is None else {"sizeGiB": disk.size_gib}
    thin = {} if disk.thin else {"thin": False}
    return {"name": disk.name, **size, **thin, **({"remove": True} if disk.remove else {})}
