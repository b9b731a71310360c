"""The pod networks, one file each, found by being there: a second is one more file here and, if needed, its script.

Not here: what they have in common (components/records/pod_network.py).
"""

from collections.abc import Mapping

from components.records.discovery import Records
from components.records.pod_network import PodNetwork, PodNetworkRelease
from config.lab import PodNetworkConfig

POD_NETWORKS: Mapping[str, PodNetwork] = Records(__name__, "POD_NETWORK", PodNetwork)
"""Every pod network by the user's word for it."""


def release_of(declared: PodNetworkConfig) -> PodNetworkRelease:
    """The release that a cluster declares."""
    return POD_NETWORKS[declared.plugin].releases[declared.version]
