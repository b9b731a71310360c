"""The releases of Kubernetes that kubelab knows: facts per minor, of which a new one is one more row.

Not here: versions of runtimes and pod networks, which their records have (config/releases.py asks them), and images,
which a node asks its own kubeadm for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


class UnknownVersionError(ValueError):
    """A version that is in no table, or that does not fit the others; the message lists those that would do."""


@dataclass(frozen=True, slots=True)
class KubernetesMinor:
    """What all patch releases of a minor such as `1.36` share.

    `pause_tag` is PauseVersion of kubeadm's constants, `agnhost_tag` test/images/agnhost/VERSION, both of the
    minor's own source; `containerd` holds the series that it is matched with, the default first.
    """

    name: str
    pause_tag: str
    agnhost_tag: str
    containerd: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KubernetesRelease:
    """One patch release, such as 1.36.3, with what its minor says of it."""

    version: str
    facts: KubernetesMinor

    @property
    def minor(self) -> str:
        """`1.36` of `1.36.3`: the name of its package repository."""
        return self.facts.name

    @property
    def containerd(self) -> tuple[str, ...]:
        """The series of containerd that it is matched with, the default first."""
        return self.facts.containerd

    @property
    def cri_tools(self) -> str:
        """The package cri-tools as apt matches it: its minor is Kubernetes' own."""
        return f"{self.minor}.*"

    @property
    def pause_image(self) -> str:
        """The sandbox image, the same for kubeadm and the container runtime."""
        return f"registry.k8s.io/pause:{self.facts.pause_tag}"

    @property
    def agnhost_image(self) -> str:
        """The image of Kubernetes' own end-to-end tests of this minor, for checks inside the cluster."""
        return f"registry.k8s.io/e2e-test-images/agnhost:{self.facts.agnhost_tag}"


TRIED = "1.36.3"
"""The release that the project's own tests run."""

MINORS: Mapping[str, KubernetesMinor] = MappingProxyType(
    {
        "1.36": KubernetesMinor("1.36", pause_tag="3.10.2", agnhost_tag="2.63.0", containerd=("2.3", "2.2")),
        "1.37": KubernetesMinor("1.37", pause_tag="3.10.2", agnhost_tag="2.66.1", containerd=("2.3",)),
        "1.35": KubernetesMinor("1.35", pause_tag="3.10.1", agnhost_tag="2.59", containerd=("2.3", "2.2")),
    }
)

KUBERNETES_CNI = "1.*"
"""The package kubernetes-cni as apt matches it: the newest of the minor's own repository, held from then on."""


def kubernetes(version: str) -> KubernetesRelease:
    """The release of that version (`1.36.3`), any patch of a minor that is known. Raises UnknownVersionError."""
    minor = version.rpartition(".")[0]
    if minor not in MINORS:
        raise UnknownVersionError(f"known: every patch of {', '.join(sorted(MINORS))}")
    return KubernetesRelease(version, MINORS[minor])


def numbers(version: str) -> tuple[int, ...]:
    """A version of numbers and dots alone, as what compares by size: 1.37 is newer than 1.36.3."""
    return tuple(int(part) for part in version.split("."))
