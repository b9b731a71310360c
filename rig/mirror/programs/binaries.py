"""Every Go program of the mirror as data: module directory, packages, output names, version stamps, tags, cgo."""

from dataclasses import dataclass
from pathlib import Path

from rig.mirror import versions
from toolchain.build.golang import GoProgram, go_part
from toolchain.build.part import Part

MODULES = Path(__file__).parent
# Kubernetes and its neighbours are of one module and have the same tags: what they share is compiled once.
SHARED = MODULES / "kubernetes"
SHARED_TAGS = "grpcnotrace,no_btrfs,no_zfs,notest,selinux,urfave_cli_no_docs"
FLANNEL_MODULE = "github.com/flannel-io/flannel"
FLANNELD = "flanneld"
_STATIC_C = "-extldflags -static"
_CNI = "github.com/containernetworking/plugins/plugins"
_CNI_STAMP = "github.com/containernetworking/plugins/pkg/utils/buildversion.BuildVersion"
_CONTAINERD = "github.com/containerd/containerd/v2"
_CRI_DOCKERD = "github.com/Mirantis/cri-dockerd"


@dataclass(frozen=True, slots=True)
class GoBuild:
    """Programs of one wrapper module, which may hold those of other builds too.

    `name`: unique among the rig's parts; `title`: shown as progress; `directory`: holds go.mod and go.sum;
    `version`: upstream's, without `v`; `programs`: built together where their flags are the same.
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


def _shared(name: str, title: str, version: str, stamp: dict[str, str], packages: dict[str, str]) -> GoBuild:
    """A build of the shared module; `packages`: by program, its import path or its directory in the module."""
    flags = _stamp(stamp)
    programs = tuple(GoProgram(program, package, flags, SHARED_TAGS) for program, package in packages.items())
    return GoBuild(name, f"{title} {version}", SHARED, version, programs)


def _own(name: str, title: str, version: str, program: GoProgram) -> GoBuild:
    """A build of a module of its own, with one program."""
    return GoBuild(name, f"{title} {version}", MODULES / name, version, (program,))


def _kubernetes_stamp() -> dict[str, str]:
    major, minor, _ = versions.KUBERNETES.split(".")
    # An empty commit shows as "unknown" in user agents; a module of the proxy does not tell its commit.
    facts = {
        "gitVersion": f"v{versions.KUBERNETES}",
        "gitMajor": major,
        "gitMinor": minor,
        "gitTreeState": "clean",
        "gitCommit": "",
        "buildDate": versions.KUBERNETES_BUILD_DATE,
    }
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    return {f"{package}.{name}": value for package in packages for name, value in facts.items()}


def _cni_packages() -> dict[str, str]:
    groups = {
        "main": ("bridge", "dummy", "host-device", "ipvlan", "loopback", "macvlan", "ptp", "vlan"),
        "ipam": ("dhcp", "host-local", "static"),
        "meta": ("bandwidth", "firewall", "portmap", "sbr", "tuning", "vrf"),
    }
    return {name: f"{_CNI}/{group}/{name}" for group, names in groups.items() for name in names}


_KUBERNETES_PROGRAMS = (
    "kubeadm",
    "kubectl",
    "kubelet",
    "kube-proxy",
    "kube-scheduler",
    "kube-controller-manager",
    "kube-apiserver",
)
KUBERNETES = _shared(
    "kubernetes",
    "Kubernetes",
    versions.KUBERNETES,
    _kubernetes_stamp(),
    {
        **{name: f"k8s.io/kubernetes/cmd/{name}" for name in _KUBERNETES_PROGRAMS},
        "agnhost": "k8s.io/kubernetes/test/images/agnhost",
    },
)
CONTAINERD = _shared(
    "containerd",
    "containerd",
    versions.CONTAINERD,
    {f"{_CONTAINERD}/version.Package": "containerd.io", f"{_CONTAINERD}/version.Version": f"v{versions.CONTAINERD}"},
    {name: f"{_CONTAINERD}/cmd/{name}" for name in ("containerd", "containerd-shim-runc-v2", "ctr")},
)
CNI_PLUGINS = _shared(
    "cni-plugins",
    "CNI plugins",
    versions.CNI_PLUGINS,
    {_CNI_STAMP: f"v{versions.CNI_PLUGINS}"},
    _cni_packages(),
)
CRI_TOOLS = _shared(
    "cri-tools",
    "crictl",
    versions.CRI_TOOLS,
    {"sigs.k8s.io/cri-tools/pkg/version.Version": f"v{versions.CRI_TOOLS}"},
    {"crictl": "sigs.k8s.io/cri-tools/cmd/crictl"},
)
# flanneld is built of upstream's main package without two of its backends, see flanneld.py.
FLANNEL = _shared(
    "flannel",
    "flannel",
    versions.FLANNEL,
    {f"{FLANNEL_MODULE}/pkg/version.Version": f"v{versions.FLANNEL}"},
    {FLANNELD: FLANNEL_MODULE, "install-conf": f"{FLANNEL_MODULE}/cmd/install_conf"},
)
ETCD = _shared("etcd", "etcd", versions.ETCD, {}, {"etcd": "./etcd"})
COREDNS = _shared(
    "coredns",
    "CoreDNS",
    versions.COREDNS,
    {"github.com/coredns/coredns/coremain.GitCommit": versions.COREDNS_COMMIT},
    {"coredns": "./coredns"},
)
# Static, as runc's own releases are, so that the C library of the building machine does not matter to a node.
RUNC = _own(
    "runc",
    "runc",
    versions.RUNC,
    GoProgram(
        "runc", "github.com/opencontainers/runc", _STATIC_C, "seccomp,urfave_cli_no_docs,netgo,osusergo", cgo=True
    ),
)
FLANNEL_CNI_PLUGIN = _own(
    "flannel-cni-plugin",
    "flannel CNI plugin",
    versions.FLANNEL_CNI_PLUGIN_SOURCE,
    GoProgram("flannel", f"{_CNI}/meta/flannel", _stamp({_CNI_STAMP: f"v{versions.FLANNEL_CNI_PLUGIN_SOURCE}"})),
)
PAUSE = _own("pause", "pause", versions.PAUSE, GoProgram("pause", "."))
# OpenPGP in Go and no graph drivers that need C libraries: libseccomp is the only one left, and linked in.
CRI_O = _own(
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
CRI_DOCKERD = _own(
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
# Of one `go build`; the shim has another name than its package. See gvisor_programs.py.
_GVISOR_STAMP = _stamp({"gvisor.dev/gvisor/runsc/version.version": f"go-{versions.GVISOR.partition('-')[2]}"})
GVISOR = GoBuild(
    "gvisor",
    f"gVisor {versions.GVISOR}",
    MODULES / "gvisor",
    versions.GVISOR,
    (
        GoProgram("runsc", "gvisor.dev/gvisor/runsc", _GVISOR_STAMP),
        GoProgram("gvisor_sentry", "./gvisor_sentry", _GVISOR_STAMP),
        GoProgram("containerd-shim-runsc-v1", "gvisor.dev/gvisor/shim", _GVISOR_STAMP),
    ),
)

# What a mirror has for every stack; the others belong to a container runtime or a handler: runtimes.py, handlers.py.
COMMON_BUILDS = (KUBERNETES, CRI_TOOLS, CNI_PLUGINS, FLANNEL, FLANNEL_CNI_PLUGIN, ETCD, COREDNS, PAUSE)
BUILDS = (*COMMON_BUILDS, CONTAINERD, RUNC, CRI_O, CRI_DOCKERD, GVISOR)
