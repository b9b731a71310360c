"""Runtime: what a container runtime is to a node, whichever it is. Each has one file in runtimes/ that renders it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network

from pydantic import JsonValue

from components.apt import Repository
from components.guest_file import GuestFile
from components.records.guest_system import GuestSystem
from components.records.handler import Entry
from components.records.release import Download, series_of
from components.records.traces import Traces
from config.platform import MirrorsConfig, RegistryConfig
from config.versions import KubernetesRelease


@dataclass(frozen=True, slots=True)
class RuntimeSettings:
    """What every runtime is given, each in its own files.

    `sandbox_image` is the pause image that kubeadm names. The limits of a container's log are the kubelet's
    containerLogMaxSize, here in bytes, and containerLogMaxFiles. The cgroup driver is always systemd. `handlers` are
    by their names what the runtime's configuration says of them.
    """

    sandbox_image: str
    registries: tuple[RegistryConfig, ...]
    log_max_bytes: int
    log_max_files: int
    handlers: Mapping[str, Entry] = field(default_factory=dict)

    @property
    def has_credentials(self) -> bool:
        """Whether some registry is asked with a password, so that the files that render it are secret."""
        return any(registry.password for registry in self.registries)


@dataclass(frozen=True, slots=True)
class PackageSource:
    """Whose packages are asked for: a Kubernetes minor (`1.36`), the site's mirrors, the node's system."""

    minor: str
    mirrors: MirrorsConfig
    system: GuestSystem


@dataclass(frozen=True, slots=True)
class Installation:
    """What the installing script may need to know: versions by name (a runtime's, its adapter's), where files lie."""

    versions: Mapping[str, str]
    mirrors: MirrorsConfig


@dataclass(frozen=True, slots=True)
class Adapter:
    """What stands between a runtime and the kubelet: `name` in `runtimeVersions`, its releases, the default first."""

    name: str
    releases: Mapping[str, Download]


@dataclass(frozen=True, slots=True)
class MirrorLimit:
    """Which mirrors a runtime can be told of: `text` says it; `allows` takes a registry's name and its mirror's URL."""

    text: str
    allows: Callable[[str, str], bool]


def _any_series(_: KubernetesRelease) -> tuple[str, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class Runtime:
    """One container runtime.

    `name` is the user's word, `versions` the known ones, the default first, `series` the minor releases that a
    Kubernetes release is matched with, none where any will do. `reported_as` is the scheme of a node's
    containerRuntimeVersion, `cri_socket` the one socket that kubeadm, the kubelet and crictl are given. `script`
    installs it from `repository`, with `inputs` beside those that all runtimes share. `kubelet` are settings its nodes
    need; `own_network` one that it makes on a machine besides the cluster's; `mirror_limit` is None if it takes any
    mirror; `traces` what it leaves on a machine. `no_handlers` says why it carries no handlers, empty if it does: its
    script then has `handlers.sh`. `is_default`: a cluster that names none has it.
    """

    name: str
    versions: tuple[str, ...]
    reported_as: str
    cri_socket: str
    script: str
    repository: Callable[[PackageSource], Repository]
    files: Callable[[RuntimeSettings], list[GuestFile]]
    inputs: Callable[[Installation], Mapping[str, str]]
    traces: Traces
    series: Callable[[KubernetesRelease], tuple[str, ...]] = _any_series
    adapter: Adapter | None = None
    kubelet: Mapping[str, JsonValue] = field(default_factory=dict)
    own_network: IPv4Network | None = None
    mirror_limit: MirrorLimit | None = None
    no_handlers: str = "kubelab knows no way in which it carries handlers"
    is_default: bool = False

    def fits(self, release: KubernetesRelease, version: str) -> bool:
        """Whether that version of the runtime is matched with the Kubernetes release."""
        matched = self.series(release)
        return not matched or series_of(version) in matched


def crictl_file(cri_socket: str) -> GuestFile:
    """crictl asks this socket and no other: left to itself it would try several, and may ask the wrong runtime.

    `timeout`, in seconds, is for what a busy machine takes long to start or to stop, too.
    """
    return GuestFile(
        "/etc/crictl.yaml",
        f"runtime-endpoint: {cri_socket}\nimage-endpoint: {cri_socket}\ntimeout: 60\ndebug: false\n",
    )
