"""The operating systems of nodes, one file each, found by being there: a sixth is one more file here.

Not here: what they have in common (components/records/guest_system.py, components/guest_families), how a node is
prepared (components/scripts).
"""

from collections.abc import Mapping

from components.records.discovery import Records
from components.records.guest_system import GuestSystem
from config.lab import NodeConfig

GUEST_SYSTEMS: Mapping[str, GuestSystem] = Records(__name__, "GUEST_SYSTEM", GuestSystem)
"""Every guest system by the user's word for it."""


def of_node(node: NodeConfig) -> GuestSystem:
    """The guest system of a node: what its image, or its machine that exists, is said to hold."""
    return GUEST_SYSTEMS[node.system]
