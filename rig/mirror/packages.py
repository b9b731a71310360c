"""The mirror's own Debian packages as data: upstream's names, versions, relations, paths and configuration files."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rig.mirror import binaries, versions

TEXTS = Path(__file__).parent / "debian"
SCRIPT_NAMES = ("postinst", "prerm", "postrm")
_UNITS = "usr/lib/systemd/system"


@dataclass(frozen=True)
class Package:
    """A binary package.

    `programs`: path in the package -> (name of the Go build, program); `texts`: path -> file below `debian/`, None for
    an empty one; `conffiles`: those paths an administrator may change; `relations`: control fields such as Depends.
    """

    name: str
    version: str
    summary: str
    section: str
    homepage: str
    programs: Mapping[str, tuple[str, str]]
    texts: Mapping[str, Path | None] = field(default_factory=dict)
    conffiles: tuple[str, ...] = ()
    relations: Mapping[str, str] = field(default_factory=dict)

    @property
    def scripts(self) -> dict[str, Path]:
        """Maintainer scripts by their dpkg names."""
        files = {name: TEXTS / self.name / f"{name}.sh" for name in SCRIPT_NAMES}
        return {name: file for name, file in files.items() if file.is_file()}

    def file_name(self, architecture: str) -> str:
        return f"{self.name}_{self.version}_{architecture}.deb"


def control(package: Package, architecture: str, installed_kib: int) -> str:
    """The control file's text."""
    fields = {
        "Package": package.name,
        "Version": package.version,
        "Architecture": architecture,
        "Maintainer": "kubelab rig <rig@kubelab.invalid>",
        "Section": package.section,
        "Priority": "optional",
        "Installed-Size": str(installed_kib),
        **package.relations,
        "Homepage": package.homepage,
        "Description": package.summary,
    }
    return "".join(f"{name}: {value}\n" for name, value in fields.items())


_KUBERNETES_VERSION = f"{versions.KUBERNETES}-1.1"
_KUBERNETES_HOME = "https://kubernetes.io"

KUBERNETES_PACKAGES = (
    Package(
        name="kubeadm",
        version=_KUBERNETES_VERSION,
        summary="Command-line utility for administering a Kubernetes cluster",
        section="admin",
        homepage=_KUBERNETES_HOME,
        programs={"usr/bin/kubeadm": ("kubernetes", "kubeadm")},
        texts={f"{_UNITS}/kubelet.service.d/10-kubeadm.conf": TEXTS / "kubeadm" / "10-kubeadm.conf"},
    ),
    Package(
        name="kubelet",
        version=_KUBERNETES_VERSION,
        summary="Node agent for Kubernetes clusters",
        section="net",
        homepage=_KUBERNETES_HOME,
        programs={"usr/bin/kubelet": ("kubernetes", "kubelet")},
        texts={
            f"{_UNITS}/kubelet.service": TEXTS / "kubelet" / "kubelet.service",
            "etc/default/kubelet": TEXTS / "kubelet" / "default",
            # dpkg keeps no empty directories
            "etc/kubernetes/manifests/.kubelet-keep": None,
            "var/lib/kubelet/.kubelet-keep": None,
        },
        conffiles=("etc/default/kubelet",),
        relations={"Depends": "iptables (>= 1.4.21), kubernetes-cni (>= 1.2.0), mount, util-linux"},
    ),
    Package(
        name="kubectl",
        version=_KUBERNETES_VERSION,
        summary="Command-line utility for interacting with a Kubernetes cluster",
        section="admin",
        homepage=_KUBERNETES_HOME,
        programs={"usr/bin/kubectl": ("kubernetes", "kubectl")},
    ),
    Package(
        name="cri-tools",
        version=f"{versions.CRI_TOOLS}-1.1",
        summary="Command-line utility for interacting with a container runtime",
        section="admin",
        homepage=_KUBERNETES_HOME,
        programs={"usr/bin/crictl": ("cri-tools", "crictl")},
    ),
    Package(
        name="kubernetes-cni",
        version=f"{versions.CNI_PLUGINS}-1.1",
        summary="Binaries required to provision kubernetes container networking",
        section="net",
        homepage=_KUBERNETES_HOME,
        programs={
            f"opt/cni/bin/{program.output}": ("cni-plugins", program.output)
            for program in binaries.CNI_PLUGINS.programs
        },
        texts={"etc/cni/net.d/.kubernetes-cni-keep": None},
    ),
)

DOCKER_PACKAGES = (
    Package(
        name="containerd.io",
        version=f"{versions.CONTAINERD}-1~debian.12~bookworm",
        summary="An open and reliable container runtime",
        section="devel",
        homepage="https://containerd.io",
        programs={
            "usr/bin/containerd": ("containerd", "containerd"),
            "usr/bin/containerd-shim-runc-v2": ("containerd", "containerd-shim-runc-v2"),
            "usr/bin/ctr": ("containerd", "ctr"),
            "usr/bin/runc": ("runc", "runc"),
        },
        texts={
            f"{_UNITS}/containerd.service": TEXTS / "containerd.io" / "containerd.service",
            "etc/containerd/config.toml": TEXTS / "containerd.io" / "config.toml",
        },
        conffiles=("etc/containerd/config.toml",),
        relations={
            "Provides": "containerd, runc",
            "Conflicts": "containerd, runc",
            "Replaces": "containerd, runc",
        },
    ),
)
