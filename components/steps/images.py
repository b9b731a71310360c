"""Which images a node needs before it takes part: pure data."""

from components.pod_network import PodNetworkRelease
from config.versions import KubernetesRelease


def of_node(role: str, release: KubernetesRelease, pod_network: PodNetworkRelease) -> tuple[str, ...]:
    """The fully qualified images of a node of `role`: a worker runs no part of the control plane.

    Among them is the one of the pods that prove a runtime and, later, the cluster.
    """
    everywhere = (*pod_network.images, release.agnhost_image)
    if role == "controlPlane":
        return (*release.images, *everywhere)
    return (release.pause_image, f"registry.k8s.io/kube-proxy:v{release.version}", *everywhere)
