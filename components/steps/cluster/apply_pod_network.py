"""The pod network, applied once the API server answers; it reaches workers as they join. Pure."""

from components.pod_networks import POD_NETWORKS, release_of
from components.records.pod_network import PodNetworkSettings
from components.step import Step
from config import ClusterConfig, MirrorsConfig


def step(cluster: ClusterConfig) -> Step:
    """The step of the cluster's pod network."""
    return Step(POD_NETWORKS[cluster.pod_network.plugin].script, timeout_seconds=300)


def environment(cluster: ClusterConfig, mirrors: MirrorsConfig, endpoint: str) -> dict[str, str]:
    """What it is given of a cluster whose API server is asked at `endpoint` (host:port)."""
    host, _, port = endpoint.rpartition(":")
    settings = PodNetworkSettings(cluster.pod_subnet, str(cluster.kube_proxy["mode"]), host, port, cluster.pod_network)
    network = POD_NETWORKS[cluster.pod_network.plugin]
    return dict(network.inputs(release_of(cluster.pod_network), settings, mirrors))
