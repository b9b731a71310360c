"""The mirror's images as data, under upstream's names, tags and paths: what kubeadm and flannel name, and tests use."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rig.mirror import versions
from rig.mirror.images.oci import Run

SHELL = "shell"
NETWORK = "network"


@dataclass(frozen=True, slots=True)
class Image:
    """One image.

    `reference`: as clients write it, `host/path:tag`; `programs`: path in the image -> (name of the Go build, program);
    `layers`: shared layers below the programs, of SHELL and NETWORK.
    """

    reference: str
    programs: Mapping[str, tuple[str, str]]
    run: Run
    layers: tuple[str, ...] = (SHELL,)

    @property
    def repository(self) -> str:
        """The repository in the mirror: upstream's host is its first part."""
        return self.reference.rpartition(":")[0]

    @property
    def tag(self) -> str:
        return self.reference.rpartition(":")[2]


def _component(name: str, layers: tuple[str, ...] = (SHELL,)) -> Image:
    path = f"usr/local/bin/{name}"
    return Image(
        reference=f"registry.k8s.io/{name}:v{versions.KUBERNETES}",
        programs={path: ("kubernetes", name)},
        run=Run(entrypoint=(f"/{path}",)),
        layers=layers,
    )


IMAGES = (
    _component("kube-apiserver"),
    _component("kube-controller-manager"),
    _component("kube-scheduler"),
    _component("kube-proxy", (SHELL, NETWORK)),
    Image(
        reference=f"registry.k8s.io/etcd:{versions.ETCD}-0",
        programs={"usr/local/bin/etcd": ("etcd", "etcd")},
        run=Run(command=("/usr/local/bin/etcd",)),
    ),
    # As root: upstream's file capability for port 53 counts for nothing where privileges may not be gained.
    Image(
        reference=f"registry.k8s.io/coredns/coredns:v{versions.COREDNS}",
        programs={"coredns": ("coredns", "coredns")},
        run=Run(entrypoint=("/coredns",)),
    ),
    Image(
        reference=f"registry.k8s.io/pause:{versions.PAUSE}",
        programs={"pause": ("pause", "pause")},
        run=Run(entrypoint=("/pause",), user="65535:65535"),
        layers=(),
    ),
    Image(
        reference=f"registry.k8s.io/e2e-test-images/agnhost:{versions.AGNHOST}",
        programs={"agnhost": ("kubernetes", "agnhost")},
        run=Run(entrypoint=("/agnhost",), command=("pause",)),
    ),
    Image(
        reference=f"docker.io/library/busybox:{versions.BUSYBOX}",
        programs={},
        run=Run(command=("sh",)),
    ),
    Image(
        reference=f"ghcr.io/flannel-io/flannel:v{versions.FLANNEL}",
        programs={"opt/bin/flanneld": ("flannel", "flanneld"), "opt/bin/install-conf": ("flannel", "install-conf")},
        run=Run(entrypoint=("/opt/bin/flanneld",)),
        layers=(SHELL, NETWORK),
    ),
    Image(
        reference=f"ghcr.io/flannel-io/flannel-cni-plugin:v{versions.FLANNEL_CNI_PLUGIN}",
        programs={"flannel": ("flannel-cni-plugin", "flannel")},
        run=Run(),
    ),
)


def named_by_kubeadm(listing: str) -> set[str]:
    """The images of `kubeadm config images list`."""
    return set(listing.split())


def named_by_manifest(manifest: str) -> set[str]:
    """The images that a manifest's containers name."""
    return set(re.findall(r"^\s*(?:- )?image:\s*[\"']?([^\s\"']+)", manifest, re.MULTILINE))


def missing(wanted: Iterable[str]) -> list[str]:
    """Those references that the mirror does not have."""
    return sorted(set(wanted) - {image.reference for image in IMAGES})
