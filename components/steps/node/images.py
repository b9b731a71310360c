"""Which images a node needs before it takes part: pure data."""

from collections.abc import Iterable

from components import registries
from components.records.pod_network import PodNetworkRelease
from components.runtimes import RUNTIMES
from config import RegistryConfig, Role
from config.versions import KubernetesRelease

EVERY_COMPONENT = "."
# CoreDNS among them: its pods go to whichever node is ready first, and move.
ON_ANY_NODE = "/(coredns|kube-proxy|pause):"


def of_runtime(release: KubernetesRelease, pod_network: PodNetworkRelease) -> tuple[str, ...]:
    """The fully qualified images that a runtime pulls before a kubeadm is there.

    Among them is the one of the pods that prove a runtime and, later, the cluster.
    """
    return (release.pause_image, *pod_network.images, release.agnhost_image)


def of_kubeadm(role: Role) -> str:
    """A regular expression for those of `kubeadm config images list` that a node of `role` runs."""
    return EVERY_COMPONENT if role == "controlPlane" else ON_ANY_NODE


def sources(runtime: str, known: Iterable[RegistryConfig]) -> str:
    """Lines of: registry, where its images really lie, of the mirrors that the runtime cannot be told of.

    Such images are renamed once they are pulled.
    """
    limit = RUNTIMES[runtime].mirror_limit
    return "\n".join(
        f"{registry.host} {registries.location(registry)}"
        for registry in known
        if limit and registry.mirror and not limit.allows(registry.host, registry.mirror)
    )
