"""The installation of the Kubernetes packages, with the kubelet's settings of the node. Pure."""

from components.guest_file import render_files
from components.guest_systems import of_node
from components.step import Log, Step
from components.steps import kubelet
from config import ClusterConfig, NodeConfig, versions

# stdout is the public half of the key by which the node joins.
STEP = Step("30-install-kubernetes.sh", timeout_seconds=900, log=Log.STDERR, is_public=True)


def environment(node: NodeConfig, cluster: ClusterConfig) -> dict[str, str]:
    """What the installation is given."""
    release = versions.kubernetes(cluster.kubernetes_version)
    return {
        "NODE_NAME": node.name,
        "KUBERNETES_VERSION": cluster.kubernetes_version,
        "KUBERNETES_CNI_VERSION": f"{release.kubernetes_cni}-*",
        "CRI_TOOLS_VERSION": f"{release.cri_tools}-*",
        "SYSTEM_PACKAGES": " ".join(of_node(node).packages),
        "KUBELET_PATCH": render_files([kubelet.patch(kubelet.settings(node))]),
    }
