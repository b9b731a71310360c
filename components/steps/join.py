"""kubeadm join of a worker. Pure."""

from components.runtimes import RUNTIMES
from components.step import Log, Step
from components.steps import kubeadm
from config import NodeConfig, SiteConfig

STEP = Step("60-join-worker.sh", timeout_seconds=900, log=Log.STDERR)


def environment(node: NodeConfig, site: SiteConfig, address: str, kubeconfig: str) -> dict[str, str]:
    """What the join of the machine at `address` is given; `kubeconfig` is the membership's result, a secret."""
    return {
        "NODE_NAME": node.name,
        "NODE_ADDRESS": address,
        "CRI_SOCKET": RUNTIMES[node.runtime].cri_socket,
        "KUBEADM_CONFIG": kubeadm.join_document(site, node, address),
        "JOIN_KUBECONFIG": kubeconfig,
        "JOIN_KUBECONFIG_PATH": kubeadm.JOIN_KUBECONFIG,
    }
