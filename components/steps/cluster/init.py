"""kubeadm init on the first control plane, and later changes of the control plane's settings. Pure."""

from components.runtimes import RUNTIMES
from components.step import Log, Step
from components.steps.cluster import certificates, component_mounts, kubeadm
from config import ClusterConfig, NodeConfig, SiteConfig

# stdout is the birth of the cluster's authority.
STEP = Step("40-init-control-plane.sh", timeout_seconds=1200, log=Log.STDERR, is_public=True)


def environment(node: NodeConfig, cluster: ClusterConfig, site: SiteConfig, address: str) -> dict[str, str]:
    """What the control plane on the machine at `address` is given."""
    return {
        "NODE_NAME": node.name,
        "NODE_ADDRESS": address,
        "KUBEADM_CONFIG": kubeadm.init_documents(cluster, site, node, address),
        "IDENTITY": kubeadm.identity(cluster, address),
        "CRI_SOCKET": RUNTIMES[node.runtime].cri_socket,
        "CERT_SANS": " ".join(cluster.cert_sans),
        "API_ENDPOINT": kubeadm.endpoint(cluster, address),
        "COMPONENT_FILES": "\n".join(component_mounts.files(cluster)),
        **certificates.lifetimes(cluster),
    }
