"""The cluster's DNS, kubeadm's CoreDNS: applied once pods can be started. Pure."""

from components.pod_networks import POD_NETWORKS
from components.step import Step
from config import ClusterConfig

STEP = Step("46-apply-cluster-dns.sh", timeout_seconds=300)


def environment(cluster: ClusterConfig) -> dict[str, str]:
    """What it is given of the cluster: what must run before it."""
    network = POD_NETWORKS[cluster.pod_network.plugin]
    return {
        # By its name alone: how its pods reach each other changes nothing here.
        "POD_NETWORK": network.name,
        "POD_NETWORK_WORKLOADS": "\n".join(network.workloads),
    }
