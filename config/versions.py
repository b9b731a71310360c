"""The releases of Kubernetes that kubelab knows: facts, of which a new release is one more row.

Not here: versions of runtimes and pod networks, which their records have (config/releases.py asks them).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


class UnknownVersionError(ValueError):
    """A version that is in no table, or that does not fit the others; the message lists those that would do."""


@dataclass(frozen=True, slots=True)
class KubernetesRelease:
    """A Kubernetes release with what its kubeadm names and its package repository carries.

    Image tags are kubeadm's (`kubeadm config images list`); `containerd` holds the minor releases it is matched with.
    """

    version: str
    etcd_tag: str
    coredns_tag: str
    pause_tag: str
    agnhost_tag: str
    cri_tools: str
    kubernetes_cni: str
    containerd: tuple[str, ...]

    @property
    def minor(self) -> str:
        """`1.36` of `1.36.3`: the name of its package repository."""
        return self.version.rpartition(".")[0]

    @property
    def pause_image(self) -> str:
        """The sandbox image, the same for kubeadm and the container runtime."""
        return f"registry.k8s.io/pause:{self.pause_tag}"

    @property
    def agnhost_image(self) -> str:
        """The image of Kubernetes' own end-to-end tests of this release, for checks inside the cluster."""
        return f"registry.k8s.io/e2e-test-images/agnhost:{self.agnhost_tag}"

    @property
    def images(self) -> tuple[str, ...]:
        """All images that kubeadm names for this release."""
        components = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy")
        return (
            *(f"registry.k8s.io/{component}:v{self.version}" for component in components),
            f"registry.k8s.io/coredns/coredns:{self.coredns_tag}",
            self.pause_image,
            f"registry.k8s.io/etcd:{self.etcd_tag}",
        )


KUBERNETES: Mapping[str, KubernetesRelease] = MappingProxyType(
    {
        "1.36.3": KubernetesRelease(
            version="1.36.3",
            etcd_tag="3.6.8-0",
            coredns_tag="v1.14.2",
            pause_tag="3.10.2",
            agnhost_tag="2.63.0",
            cri_tools="1.36.0",
            kubernetes_cni="1.9.1",
            containerd=("2.3", "2.2"),
        ),
    }
)


def kubernetes(version: str) -> KubernetesRelease:
    """The release of that version (`1.36.3`). Raises UnknownVersionError."""
    if version not in KUBERNETES:
        raise UnknownVersionError(f"known: {', '.join(KUBERNETES)}")
    return KUBERNETES[version]
