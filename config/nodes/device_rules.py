"""Rules on what nodes' machines have, across nodes."""

from collections.abc import Iterator

from config.documents import Documents
from config.problems import Problem


def broken_rules(documents: Documents) -> Iterator[Problem]:
    """Every rule of these that is broken."""
    yield from _control_plane_off(documents)
    yield from _macs_said_twice(documents)


def _control_plane_off(documents: Documents) -> Iterator[Problem]:
    """Without it, there is nothing that a step of the cluster could run on, and nobody to drain a node."""
    for name, node in documents.nodes.items():
        if node.power == "off" and node.role == "controlPlane":
            text = "found off on a control plane, without which the cluster is none; remove it: workers alone may rest"
            yield documents.in_node(name, "power", text)


def _macs_said_twice(documents: Documents) -> Iterator[Problem]:
    seen = {node.mac_address: name for name, node in documents.nodes.items() if node.mac_address}
    for name, node in documents.nodes.items():
        for at, card in enumerate(node.networks):
            if card.mac_address is None:
                continue
            if card.mac_address in seen:
                text = f"found {card.mac_address}, which a card of {seen[card.mac_address]} has too"
                text += "; wanted: one of its own"
                yield documents.in_node(name, f"networks/{at}/macAddress", text)
            seen.setdefault(card.mac_address, name)
