"""Which images a node needs before it takes part: pure data."""

from config.versions import FlannelRelease, KubernetesRelease


def of_node(role: str, release: KubernetesRelease, pod_network: FlannelRelease) -> tuple[str, ...]:
    """The fully qualified images of a node of ``role``: a worker runs no part of the control plane."""
    if role == "controlPlane":
        return (*release.images, *pod_network.images)
    return (release.pause_image, f"registry.k8s.io/kube-proxy:v{release.version}", *pod_network.images)
