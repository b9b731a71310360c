"""Every Go program of the mirror as data: module directory, packages, output names, version stamps, tags, cgo."""

from dataclasses import dataclass
from pathlib import Path

from rig.golang import GoProgram, go_part
from rig.mirror import versions
from rig.part import Part

MODULES = Path(__file__).parent
_STATIC_C = "-extldflags -static"
_CNI = "github.com/containernetworking/plugins/plugins"
_CNI_STAMP = "github.com/containernetworking/plugins/pkg/utils/buildversion.BuildVersion"
_CONTAINERD = "github.com/containerd/containerd/v2"
_FLANNEL = "github.com/flannel-io/flannel"
_CRI_DOCKERD = "github.com/Mirantis/cri-dockerd"


@dataclass(frozen=True)
class GoBuild:
    """The programs of one wrapper module.

    `name`: unique among the rig's parts; `title`: shown as progress; `directory`: holds go.mod and go.sum;
    `version`: upstream's, without `v`; `programs`: one `go build` each.
    """

    name: str
    title: str
    directory: Path
    version: str
    programs: tuple[GoProgram, ...]


def part(build: GoBuild) -> Part:
    """The build as a part of the rig."""
    return go_part(build.name, build.title, build.directory, build.programs)


def _stamp(values: dict[str, str]) -> str:
    return " ".join(f"-X {name}={value}" for name, value in values.items())


def _kubernetes() -> GoBuild:
    version = versions.KUBERNETES
    major, minor, _ = version.split(".")
    # An empty commit shows as "unknown" in user agents; a module of the proxy does not tell its commit.
    facts = {
        "gitVersion": f"v{version}",
        "gitMajor": major,
        "gitMinor": minor,
        "gitTreeState": "clean",
        "gitCommit": "",
        "buildDate": versions.KUBERNETES_BUILD_DATE,
    }
    stamp = _stamp(
        {
            f"{package}.{name}": value
            for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
            for name, value in facts.items()
        }
    )
    names = (
        "kubeadm",
        "kubectl",
        "kubelet",
        "kube-proxy",
        "kube-scheduler",
        "kube-controller-manager",
        "kube-apiserver",
    )
    packages = {name: f"k8s.io/kubernetes/cmd/{name}" for name in names}
    packages["agnhost"] = "k8s.io/kubernetes/test/images/agnhost"
    programs = tuple(
        GoProgram(output=name, package=package, ldflags=stamp, tags="selinux,notest,grpcnotrace")
        for name, package in packages.items()
    )
    return GoBuild("kubernetes", f"Kubernetes {version}", MODULES / "kubernetes", version, programs)


def _containerd() -> GoBuild:
    stamp = _stamp(
        {
            f"{_CONTAINERD}/version.Package": "containerd.io",
            f"{_CONTAINERD}/version.Version": f"v{versions.CONTAINERD}",
        }
    )
    programs = tuple(
        GoProgram(name, f"{_CONTAINERD}/cmd/{name}", stamp, "no_btrfs,no_zfs,urfave_cli_no_docs")
        for name in ("containerd", "containerd-shim-runc-v2", "ctr")
    )
    title = f"containerd {versions.CONTAINERD}"
    return GoBuild("containerd", title, MODULES / "containerd", versions.CONTAINERD, programs)


def _cni_plugins() -> GoBuild:
    groups = {
        "main": ("bridge", "dummy", "host-device", "ipvlan", "loopback", "macvlan", "ptp", "vlan"),
        "ipam": ("dhcp", "host-local", "static"),
        "meta": ("bandwidth", "firewall", "portmap", "sbr", "tuning", "vrf"),
    }
    stamp = _stamp({_CNI_STAMP: f"v{versions.CNI_PLUGINS}"})
    programs = tuple(
        GoProgram(name, f"{_CNI}/{group}/{name}", stamp) for group, names in groups.items() for name in names
    )
    title = f"CNI plugins {versions.CNI_PLUGINS}"
    return GoBuild("cni-plugins", title, MODULES / "cni-plugins", versions.CNI_PLUGINS, programs)


def _flannel() -> GoBuild:
    stamp = _stamp({f"{_FLANNEL}/pkg/version.Version": f"v{versions.FLANNEL}"})
    programs = (
        GoProgram("flanneld", _FLANNEL, f"{stamp} {_STATIC_C}", "netgo,osusergo", cgo=True),
        GoProgram("install-conf", f"{_FLANNEL}/cmd/install_conf"),
    )
    return GoBuild("flannel", f"flannel {versions.FLANNEL}", MODULES / "flannel", versions.FLANNEL, programs)


def _single(name: str, title: str, version: str, program: GoProgram) -> GoBuild:
    return GoBuild(name, f"{title} {version}", MODULES / name, version, (program,))


KUBERNETES = _kubernetes()
CONTAINERD = _containerd()
CNI_PLUGINS = _cni_plugins()
FLANNEL = _flannel()
# Static, as runc's own releases are, so that the C library of the building machine does not matter to a node.
RUNC = _single(
    "runc",
    "runc",
    versions.RUNC,
    GoProgram(
        "runc", "github.com/opencontainers/runc", _STATIC_C, "seccomp,urfave_cli_no_docs,netgo,osusergo", cgo=True
    ),
)
CRI_TOOLS = _single(
    "cri-tools",
    "crictl",
    versions.CRI_TOOLS,
    GoProgram(
        "crictl",
        "sigs.k8s.io/cri-tools/cmd/crictl",
        _stamp({"sigs.k8s.io/cri-tools/pkg/version.Version": f"v{versions.CRI_TOOLS}"}),
    ),
)
FLANNEL_CNI_PLUGIN = _single(
    "flannel-cni-plugin",
    "flannel CNI plugin",
    versions.FLANNEL_CNI_PLUGIN_SOURCE,
    GoProgram("flannel", f"{_CNI}/meta/flannel", _stamp({_CNI_STAMP: f"v{versions.FLANNEL_CNI_PLUGIN_SOURCE}"})),
)
ETCD = _single("etcd", "etcd", versions.ETCD, GoProgram("etcd", "."))
COREDNS = _single(
    "coredns",
    "CoreDNS",
    versions.COREDNS,
    GoProgram(
        "coredns",
        "github.com/coredns/coredns",
        _stamp({"github.com/coredns/coredns/coremain.GitCommit": versions.COREDNS_COMMIT}),
    ),
)
PAUSE = _single("pause", "pause", versions.PAUSE, GoProgram("pause", "."))
# OpenPGP in Go and no graph drivers that need C libraries: libseccomp is the only one left, and linked in.
CRI_O = _single(
    "cri-o",
    "CRI-O",
    versions.CRI_O,
    GoProgram(
        "crio",
        "github.com/cri-o/cri-o/cmd/crio",
        _STATIC_C,
        "containers_image_openpgp,containers_image_ostree_stub,exclude_graphdriver_btrfs,seccomp,netgo,osusergo",
        cgo=True,
    ),
)
CRI_DOCKERD = _single(
    "cri-dockerd",
    "cri-dockerd",
    versions.CRI_DOCKERD,
    GoProgram(
        "cri-dockerd",
        _CRI_DOCKERD,
        _stamp(
            {
                f"{_CRI_DOCKERD}/cmd/version.Version": versions.CRI_DOCKERD,
                f"{_CRI_DOCKERD}/cmd/version.GitCommit": versions.CRI_DOCKERD_COMMIT,
            }
        ),
    ),
)
REGISTRY = _single(
    "registry",
    "distribution registry",
    versions.REGISTRY,
    GoProgram(
        "registry",
        "github.com/distribution/distribution/v3/cmd/registry",
        _stamp({"github.com/distribution/distribution/v3/version.version": f"v{versions.REGISTRY}"}),
    ),
)

# What a mirror has for every stack; the others belong to a container runtime, see runtimes.py.
COMMON_BUILDS = (
    KUBERNETES,
    CRI_TOOLS,
    CNI_PLUGINS,
    FLANNEL,
    FLANNEL_CNI_PLUGIN,
    ETCD,
    COREDNS,
    PAUSE,
    REGISTRY,
)
BUILDS = (*COMMON_BUILDS, CONTAINERD, RUNC, CRI_O, CRI_DOCKERD)
