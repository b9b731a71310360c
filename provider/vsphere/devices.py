"""Cards and controllers of a machine as found: plain data. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Card:
    """A network card: device key, MAC in lower case, network as its backing names it, class and way of its address.

    `connected` is what it is now on a machine that runs, and what it is to be at the next start on one that does not.
    """

    key: int
    mac: str
    network: str
    connected: bool = True
    kind: str = "VirtualVmxnet3"
    address_type: str = "generated"


def primary_of(cards: Sequence[Card], given: Sequence[str]) -> Card | None:
    """The card that a machine was made with: the first by device key that is not one of `given`, by their MACs.

    Where it stands in the host's list says nothing.
    """
    return min((card for card in cards if card.mac not in given), key=lambda card: card.key, default=None)


@dataclass(frozen=True, slots=True)
class Controller:
    """A controller of disks: device key, class name, and the unit numbers that are taken on it."""

    key: int
    kind: str
    units: tuple[int, ...] = ()
