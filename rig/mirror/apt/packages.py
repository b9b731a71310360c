"""The mirror's own Debian packages as data: upstream's names, versions, relations, paths and configuration files.

Here are the form of a package and those of Kubernetes; those of the container runtimes are in runtime_packages.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rig.mirror import versions
from rig.mirror.programs import binaries

TEXTS = Path(__file__).parent / "debian"
UNITS = "usr/lib/systemd/system"


@dataclass(frozen=True, slots=True)
class Service:
    """What a package's installation does with its systemd units.

    `units`: enabled; `starts`: whether they are started as soon as they are installed; `group`: a system group that
    they need, empty for none.
    """

    units: tuple[str, ...]
    starts: bool
    group: str = ""


@dataclass(frozen=True, slots=True)
class Package:
    """A binary package.

    `programs`: path in the package -> (name of the part that makes it, program); `texts`: path -> file below `debian/`,
    None for an empty one; `conffiles`: those paths an administrator may change; `relations`: control fields such as
    Depends; `service`: None for a package without units.
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
    service: Service | None = None

    def file_name(self, architecture: str) -> str:
        """As apt names the file: the colon after an epoch is written `%3a`."""
        return f"{self.name}_{self.version.replace(':', '%3a')}_{architecture}.deb"


@dataclass(frozen=True, slots=True)
class PackageGroup:
    """Packages that are built together.

    `name`: unique among the groups; `title`: of what; `repository`: of repositories.py, where they go.
    """

    name: str
    title: str
    repository: str
    packages: tuple[Package, ...]


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

_KUBERNETES_PACKAGES = (
    Package(
        name="kubeadm",
        version=_KUBERNETES_VERSION,
        summary="Command-line utility for administering a Kubernetes cluster",
        section="admin",
        homepage=_KUBERNETES_HOME,
        programs={"usr/bin/kubeadm": ("kubernetes", "kubeadm")},
        texts={f"{UNITS}/kubelet.service.d/10-kubeadm.conf": TEXTS / "kubeadm" / "10-kubeadm.conf"},
    ),
    Package(
        name="kubelet",
        version=_KUBERNETES_VERSION,
        summary="Node agent for Kubernetes clusters",
        section="net",
        homepage=_KUBERNETES_HOME,
        programs={"usr/bin/kubelet": ("kubernetes", "kubelet")},
        texts={
            f"{UNITS}/kubelet.service": TEXTS / "kubelet" / "kubelet.service",
            "etc/default/kubelet": TEXTS / "kubelet" / "default",
            # dpkg keeps no empty directories
            "etc/kubernetes/manifests/.kubelet-keep": None,
            "var/lib/kubelet/.kubelet-keep": None,
        },
        conffiles=("etc/default/kubelet",),
        relations={"Depends": "iptables (>= 1.4.21), kubernetes-cni (>= 1.2.0), mount, util-linux"},
        # Before kubeadm has configured it, it could only fail.
        service=Service(("kubelet.service",), starts=False),
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

KUBERNETES = PackageGroup("kubernetes", "Kubernetes", "kubernetes", _KUBERNETES_PACKAGES)
