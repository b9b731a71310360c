"""Cards and disks that a machine has besides those it was made with, as they are declared. Pure."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provider.vsphere.fields import Values

MOST_CARDS, MOST_DISKS = 9, 12  # vSphere has ten cards; a controller of SCSI fifteen disks, the first one among them
MOST_GIB = 62 * 1024
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?")
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")


@dataclass(frozen=True, slots=True)
class DesiredCard:
    """A further network card. `mac` is empty where it follows from machine and network."""

    network: str
    connected: bool = True
    mac: str = ""


@dataclass(frozen=True, slots=True)
class DesiredDisk:
    """A further disk, in its machine's folder. With `remove` it is to be deleted, which is the word for that."""

    name: str
    gib: int = 0
    thin: bool = True
    remove: bool = False


def card_keys(cards: Sequence[DesiredCard]) -> tuple[str, ...]:
    """What tells each card from the others, whatever their order: its MAC, else its network and which one there."""
    seen: dict[str, int] = {}
    keys = []
    for card in cards:
        if card.mac:
            keys.append(card.mac)
            continue
        seen[card.network] = seen.get(card.network, 0) + 1
        keys.append(f"{card.network}#{seen[card.network]}")
    return tuple(keys)


def by_mac(instance: str, cards: Sequence[DesiredCard]) -> dict[str, DesiredCard]:
    """The cards by the MACs that they have, always the same ones: a card is known by its MAC.

    Derived ones lie in 00:50:56:00:00:00 to 00:50:56:3f:ff:ff, which vSphere leaves to its users.
    """
    found: dict[str, DesiredCard] = {card.mac: card for card in cards if card.mac}
    for key, card in zip(card_keys(cards), cards, strict=True):
        turn = 0
        while not card.mac:
            digest = hashlib.sha256(f"{instance}\0{key}\0{turn}".encode()).digest()
            mac = f"00:50:56:{digest[0] & 0x3F:02x}:{digest[1]:02x}:{digest[2]:02x}"
            if mac not in found:
                found[mac] = card
                break
            turn += 1
    return found


def _card(item: Mapping[str, Any]) -> DesiredCard:
    return DesiredCard(item["network"], item.get("connected", True), (item.get("macAddress") or "").lower())


def _disk(item: Mapping[str, Any]) -> DesiredDisk:
    return DesiredDisk(item["name"], item.get("sizeGiB", 0), item.get("thin", True), item.get("remove", False))


def cards_of(items: Any) -> tuple[DesiredCard, ...]:
    """Cards from checked properties; none of what is missing or not known yet."""
    return tuple(map(_card, items)) if isinstance(items, list) else ()


def disks_of(items: Any) -> tuple[DesiredDisk, ...]:
    """Disks from checked properties; none of what is missing or not known yet."""
    return tuple(map(_disk, items)) if isinstance(items, list) else ()


def _is_card(item: Any) -> bool:
    if not isinstance(item, dict) or item.keys() - {"network", "connected", "macAddress"}:
        return False
    network, mac = item.get("network"), item.get("macAddress", "")
    named = isinstance(network, str) and bool(network)
    return named and isinstance(item.get("connected", True), bool) and isinstance(mac, str) and _is_mac(mac)


def _is_mac(text: str) -> bool:
    return not text or bool(_MAC.fullmatch(text.lower()))


def _is_disk(item: Any) -> bool:
    if not isinstance(item, dict) or item.keys() - {"name", "sizeGiB", "thin", "remove"}:
        return False
    name, gib, removes = item.get("name"), item.get("sizeGiB"), item.get("remove", False)
    sized = (removes is True and gib is None) or (type(gib) is int and 1 <= gib <= MOST_GIB)
    flags = isinstance(removes, bool) and isinstance(item.get("thin", True), bool)
    return isinstance(name, str) and bool(_LABEL.fullmatch(name)) and sized and flags


def _are_cards(items: Any) -> bool:
    if not isinstance(items, list) or len(items) > MOST_CARDS or not all(map(_is_card, items)):
        return False
    macs = [card.mac for card in cards_of(items) if card.mac]
    return len(macs) == len(set(macs))


def _are_disks(items: Any) -> bool:
    if not isinstance(items, list) or len(items) > MOST_DISKS or not all(map(_is_disk, items)):
        return False
    return len({item["name"] for item in items}) == len(items)


CARDS = Values(f"at most {MOST_CARDS} of {{network, connected?, macAddress?}}, no MAC twice", _are_cards, cards_of)
DISKS = Values(f"at most {MOST_DISKS} of {{name, sizeGiB, thin?, remove?}}, no name twice", _are_disks, disks_of)
