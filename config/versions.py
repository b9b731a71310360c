"""The versions kubelab knows, and which fit together: all that the product itself needs for a new one is a row here.

Stack files name the version they want, and the embedded lab (`rig/mirror/`) those it builds.
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
        return _minor(self.version)

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


@dataclass(frozen=True, slots=True)
class FlannelRelease:
    """A flannel release: where its manifest lies, the SHA-256 sums it may have, and the images it names."""

    version: str
    manifest_url: str
    manifest_sha256: tuple[str, ...]
    images: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CriDockerdRelease:
    """A cri-dockerd release for amd64: where it lies below a file server's root, and the SHA-256 sums it may have.

    Without any sum it can be installed only where the site gives one, as `mirrors.checksums`.
    """

    version: str
    path: str
    sha256: tuple[str, ...]


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

RUNTIMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "containerd": ("2.3.4",),
        # 20.10.24 is the guest system's own; containers of it ran under Kubernetes 1.36.3 behind cri-dockerd 0.4.4.
        "docker": ("28.3.3", "29.7.2", "20.10.24"),
        "crio": ("1.36.3",),
    }
)
"""Known versions of each container runtime, the default first. The keys are the words of `runtime`."""

CRI_DOCKERD: Mapping[str, CriDockerdRelease] = MappingProxyType(
    {
        version: CriDockerdRelease(
            version=version,
            path=f"github.com/Mirantis/cri-dockerd/releases/download/v{version}/cri-dockerd-{version}.amd64.tgz",
            sha256=sha256,
        )
        for version, sha256 in (
            ("0.3.26", ("87f31c964d974cdce9c883c79b69e355c3c323e51d3a7d36cda140e6df7b8d5a",)),
            ("0.4.4", ()),
        )
    }
)
"""Known releases of cri-dockerd, the default first."""

CRI_DOCKERD_KEY = "criDockerd"
"""What cri-dockerd's version is called in `runtimeVersions`, beside the runtimes'."""

FLANNEL: Mapping[str, FlannelRelease] = MappingProxyType(
    {
        "0.28.9": FlannelRelease(
            version="0.28.9",
            manifest_url="https://github.com/flannel-io/flannel/releases/download/v0.28.9/kube-flannel.yml",
            manifest_sha256=(
                # Documentation/kube-flannel.yml of the source tree: what a mirror filled from Go modules has.
                "e875824be2f552b45711dbda91af81b17eb961d00025d914d9fef18fad8f09c0",
                # The release's own, which `make release-manifest` renders from Documentation/kustomization.
                "1c06a15a771009c263bdb1f51c928af46f7606fe969f3963652167938d536aaa",
            ),
            images=(
                "ghcr.io/flannel-io/flannel:v0.28.9",
                "ghcr.io/flannel-io/flannel-cni-plugin:v1.9.1-flannel3",
            ),
        ),
    }
)


def kubernetes(version: str) -> KubernetesRelease:
    """The release of that version (`1.36.3`). Raises: UnknownVersionError."""
    if version not in KUBERNETES:
        raise UnknownVersionError(f"known: {_listed(KUBERNETES)}")
    return KUBERNETES[version]


def flannel(version: str) -> FlannelRelease:
    """The release of that version (`0.28.9`). Raises: UnknownVersionError."""
    if version not in FLANNEL:
        raise UnknownVersionError(f"known: {_listed(FLANNEL)}")
    return FLANNEL[version]


def cri_dockerd(version: str) -> CriDockerdRelease:
    """The release of that version (`0.3.26`). Raises: UnknownVersionError."""
    if version not in CRI_DOCKERD:
        raise UnknownVersionError(f"known: {_listed(CRI_DOCKERD)}")
    return CRI_DOCKERD[version]


def default_flannel() -> str:
    """The version of flannel used where none is written: the first of the table."""
    return next(iter(FLANNEL))


def default_cri_dockerd() -> str:
    """The version of cri-dockerd used where none is written: the first of the table."""
    return next(iter(CRI_DOCKERD))


def fits(release: KubernetesRelease, runtime: str, version: str) -> bool:
    """Whether that version of the container runtime is matched with the Kubernetes release.

    containerd goes by its own table, cri-o has Kubernetes' minor release; docker stands behind cri-dockerd, which
    hides its version from the kubelet.
    """
    match runtime:
        case "containerd":
            return _minor(version) in release.containerd
        case "crio":
            return _minor(version) == release.minor
        case _:
            return True


def runtime_version(release: KubernetesRelease, runtime: str, wanted: str | None = None) -> str:
    """The version of `runtime` to install: `wanted`, or the default that fits the Kubernetes release.

    Raises: UnknownVersionError if `wanted` does not fit or is not known, or if no known version fits.
    """
    fitting = tuple(version for version in RUNTIMES.get(runtime, ()) if fits(release, runtime, version))
    if wanted is None and fitting:
        return fitting[0]
    if wanted is not None and wanted in fitting:
        return wanted
    reason = ""
    if wanted is not None and not fits(release, runtime, wanted):
        series = release.containerd if runtime == "containerd" else (release.minor,)
        matched = ", ".join(f"{minor}.x" for minor in series)
        reason = f"Kubernetes {release.version} is matched with {runtime} {matched}; "
    raise UnknownVersionError(f"{reason}known: {_listed(fitting)}")


def runtime_versions(release: KubernetesRelease, wanted: Mapping[str, str]) -> Mapping[str, str]:
    """The version to install of every runtime and of cri-dockerd (under `criDockerd`): the wanted ones, or defaults.

    Raises: UnknownVersionError as `runtime_version` and `cri_dockerd` do.
    """
    runtimes = {runtime: runtime_version(release, runtime, wanted.get(runtime)) for runtime in RUNTIMES}
    adapter = cri_dockerd(wanted.get(CRI_DOCKERD_KEY) or default_cri_dockerd())
    return {**runtimes, CRI_DOCKERD_KEY: adapter.version}


def _minor(version: str) -> str:
    return version.rpartition(".")[0]


def _listed(versions: Mapping[str, object] | tuple[str, ...]) -> str:
    return ", ".join(versions) or "none yet"
