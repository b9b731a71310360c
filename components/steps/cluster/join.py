"""kubeadm join of a worker. Pure."""

from components.runtimes import RUNTIMES
from components.step import Step
from components.steps.cluster import kubeadm
from components.steps.cluster.membership import Admission
from config import NodeConfig, SiteConfig

STEP = Step("60-join-worker.sh", timeout_seconds=900)


def environment(node: NodeConfig, site: SiteConfig, address: str, endpoint: str, admitted: Admission) -> dict[str, str]:
    """What the join of the machine at `address` is given; none of it is secret."""
    return {
        "NODE_NAME": node.name,
        "NODE_ADDRESS": address,
        "CRI_SOCKET": RUNTIMES[node.runtime].cri_socket,
        "KUBEADM_CONFIG": kubeadm.join_document(site, node, address),
        "JOIN_KUBECONFIG": kubeadm.JOIN_KUBECONFIG,
        "API_ENDPOINT": endpoint,
        "CERTIFICATE": admitted.certificate,
        "AUTHORITY": admitted.authority,
    }
