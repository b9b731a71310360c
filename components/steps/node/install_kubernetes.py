"""The installation of the Kubernetes packages, with the kubelet's settings of the node. Pure."""

from components.guest_file import render_files
from components.guest_systems import of_node
from components.step import Step
from components.steps.node import images, kubelet
from config import ClusterConfig, NodeConfig, SiteConfig, versions

STEP = Step("30-install-kubernetes.sh", timeout_seconds=2100)


def environment(node: NodeConfig, cluster: ClusterConfig, site: SiteConfig) -> dict[str, str]:
    """What the installation is given."""
    release = versions.kubernetes(cluster.kubernetes_version)
    return {
        "NODE_NAME": node.name,
        "KUBERNETES_VERSION": cluster.kubernetes_version,
        "KUBERNETES_CNI_VERSION": versions.KUBERNETES_CNI,
        "CRI_TOOLS_VERSION": release.cri_tools,
        "IMAGES": images.of_kubeadm(node.role),
        "IMAGE_SOURCES": images.sources(node.runtime, site.registries),
        "SYSTEM_PACKAGES": " ".join(of_node(node).packages),
        "KUBELET_PATCH": render_files([kubelet.patch(kubelet.settings(node, release.minor))]),
    }
