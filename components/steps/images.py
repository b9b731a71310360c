"""Which images a node needs before it takes part: pure data."""

from components.pod_network import PodNetworkRelease
from config import Role
from config.versions import KubernetesRelease

EVERY_COMPONENT = "."
ON_WORKERS = "/(kube-proxy|pause):"


def of_runtime(release: KubernetesRelease, pod_network: PodNetworkRelease) -> tuple[str, ...]:
    """The fully qualified images that a runtime pulls before a kubeadm is there.

    Among them is the one of the pods that prove a runtime and, later, the cluster.
    """
    return (release.pause_image, *pod_network.images, release.agnhost_image)


def of_kubeadm(role: Role) -> str:
    """A regular expression for those of `kubeadm config images list` that a node of `role` runs."""
    return EVERY_COMPONENT if role == "controlPlane" else ON_WORKERS
