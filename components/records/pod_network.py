"""PodNetwork: what a pod network (CNI plugin) is to a cluster. Each has one file in pod_networks/."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from components.records.release import Download
from components.records.traces import Traces
from config.lab import PodNetworkConfig
from config.platform import MirrorsConfig


@dataclass(frozen=True, slots=True)
class PodNetworkRelease:
    """One release: its version, its manifest, and the fully qualified images that run on every node."""

    manifest: Download
    images: tuple[str, ...]

    @property
    def version(self) -> str:
        """The version, as a user writes it."""
        return self.manifest.version


@dataclass(frozen=True, slots=True)
class Backend:
    """A way in which a pod network carries packets from node to node.

    `name` is the user's word, `about` explains it in a few more; `port` the UDP port of its tunnels unless a user
    declares another, None without tunnels; `settings` the keys of `podNetwork` that it knows beside itself; `look_at`
    what to look at when pods of different nodes do not reach each other.
    """

    name: str
    about: str
    port: int | None
    settings: tuple[str, ...]
    look_at: str


@dataclass(frozen=True, slots=True)
class PodNetworkSettings:
    """What every pod network is given, each in its own words.

    `pod_subnet` in CIDR notation; `proxy_mode` is kube-proxy's; the API server is asked at `api_host` and `api_port`;
    `declared` is what the cluster says of its pod network.
    """

    pod_subnet: str
    proxy_mode: str
    api_host: str
    api_port: str
    declared: PodNetworkConfig


@dataclass(frozen=True, slots=True)
class PodNetwork:
    """One pod network.

    `name` is the user's word; `releases` by version, the default first; `is_default`: a cluster that names none has it.
    `script` applies it with `inputs`, on a control plane once the API server answers. `workloads` are waited for, as
    `namespace kind/name`; `look_at` is what to look at when pods of different nodes do not reach each other, if no
    backend says more; `traces` what it leaves on a machine. `backends` by their words, the default first: empty where
    a user has no choice.
    """

    name: str
    releases: Mapping[str, PodNetworkRelease]
    inputs: Callable[[PodNetworkRelease, PodNetworkSettings, MirrorsConfig], Mapping[str, str]]
    workloads: tuple[str, ...]
    look_at: str
    traces: Traces
    script: str = "45-apply-pod-network.sh"
    is_default: bool = False
    backends: Mapping[str, Backend] = field(default_factory=dict)

    def describe(self, declared: PodNetworkConfig) -> str:
        """What a cluster declares of it, for messages: its word, with what was chosen behind it."""
        told = [
            declared.backend,
            f"UDP port {declared.port}" if declared.port else "",
            f"MTU {declared.mtu}" if declared.mtu else "",
        ]
        return f"{self.name} ({', '.join(filter(None, told))})" if any(told) else self.name

    def hint(self, declared: PodNetworkConfig) -> str:
        """What to look at when pods of different nodes do not reach each other."""
        port = f"UDP port {declared.port} between the nodes; " if declared.port else ""
        backend = self.backends.get(declared.backend)
        return port + (backend.look_at if backend else self.look_at)


def manifest_inputs(release: PodNetworkRelease, kustomization: str, mirrors: MirrorsConfig) -> dict[str, str]:
    """What 45-apply-pod-network.sh is given: upstream's manifest, and what the cluster changes in it (YAML text)."""
    return {
        "MANIFEST_URL": release.manifest.url(mirrors.files),
        "MANIFEST_SHA256": " ".join(release.manifest.sha256),
        "KUSTOMIZATION": kustomization,
    }
