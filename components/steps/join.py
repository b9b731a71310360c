"""kubeadm join of a worker. Pure."""

from components.runtimes import RUNTIMES
from components.step import Log, Step
from components.steps import kubeadm
from components.steps.membership import Admission
from config import NodeConfig, SiteConfig

STEP = Step("60-join-worker.sh", timeout_seconds=600, log=Log.STDERR)


def environment(node: NodeConfig, site: SiteConfig, address: str, endpoint: str, admitted: Admission) -> dict[str, str]:
    """What the join of the machine at `address` is given; secret, since it holds the token."""
    document = (
        kubeadm.join_document(site, node, address, endpoint, admitted.token, admitted.ca_cert_hash)
        if admitted.token
        else ""
    )
    return {
        "NODE_NAME": node.name,
        "CRI_SOCKET": RUNTIMES[node.runtime].cri_socket,
        "KUBEADM_CONFIG": document,
    }
