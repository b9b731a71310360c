"""A checked lab: what the rest of the program reads. Every default is resolved; nothing here is checked again."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import JsonValue, SecretStr

from config.platform import (
    AddressesConfig,
    CardConfig,
    ExistingMachineConfig,
    ExtraDiskConfig,
    ImageConfig,
    MachineConfig,
    MirrorsConfig,
    RegistryConfig,
    VsphereConfig,
)

Role = Literal["controlPlane", "worker"]
RuntimeChange = Literal["replaceMachine", "resetNode"]
Power = Literal["on", "off"]
TaintEffect = Literal["NoSchedule", "PreferNoSchedule", "NoExecute"]


@dataclass(frozen=True, slots=True)
class PodNetworkConfig:
    """The pod network plugin, its version (`0.28.9`), and how it carries packets from node to node.

    `backend` is empty for a plugin that has no choice of them; `port` is the UDP port of its tunnels, None where it has
    none; `mtu` the largest packet between nodes in bytes, None for that of each node's network card.
    """

    plugin: str
    version: str
    backend: str = ""
    port: int | None = None
    mtu: int | None = None


@dataclass(frozen=True, slots=True)
class ExtraArg:
    """An argument of a control plane component, its name without dashes."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class DeclaredFile:
    """A file that a user declares: its whole path on a machine, its text, which ends in a newline, and its mode.

    `secret`: its text stands in no preview, and encrypted in the state.
    """

    path: str
    text: SecretStr
    mode: str
    secret: bool


@dataclass(frozen=True, slots=True)
class HandlerConfig:
    """A handler of nodes, a key of `components.handlers.HANDLERS`, as it is on all that have it.

    `version` is empty for one that comes as a package, `hypervisor` where there is no choice. What a pod takes besides
    its containers are quantities such as `320Mi`, empty for none; it tolerates `tolerations`.
    """

    name: str
    version: str
    hypervisor: str
    overhead_memory: str
    overhead_cpu: str
    tolerations: tuple["Taint", ...] = ()


@dataclass(frozen=True, slots=True)
class ClusterConfig:
    """What all nodes share; subnets in CIDR notation, versions as `1.36.3`.

    `runtime_versions` has every runtime and adapter by its word, whether a node runs it or not. `kube_proxy` are
    settings of KubeProxyConfiguration, `mode` always among them. `cert_sans` are host names and IP addresses.
    `control_plane_endpoint` is kubeadm's, as `host:port`; None for the address of the first control plane.
    `name` tells the cluster from others in a kubeconfig. `certificate_hours` is how long certificates are valid.
    `control_plane_files` are those of its components, each in the folder of one. `handlers` are those that some node
    has.
    """

    name: str
    certificate_hours: int
    kubernetes_version: str
    runtime_versions: Mapping[str, str]
    pod_subnet: str
    service_subnet: str
    dns_domain: str
    pod_network: PodNetworkConfig
    kube_proxy: Mapping[str, JsonValue]
    control_plane_endpoint: str | None
    cert_sans: tuple[str, ...]
    secrets_encryption: bool
    control_plane_files: tuple[DeclaredFile, ...]
    api_server_extra_args: tuple[ExtraArg, ...]
    controller_manager_extra_args: tuple[ExtraArg, ...]
    scheduler_extra_args: tuple[ExtraArg, ...]
    etcd_extra_args: tuple[ExtraArg, ...]
    handlers: tuple[HandlerConfig, ...] = ()


@dataclass(frozen=True, slots=True)
class Taint:
    """A taint of a node; an empty value is none."""

    key: str
    value: str
    effect: TaintEffect

    def __str__(self) -> str:
        """As kubectl writes it: `key=value:effect`."""
        return f"{self.key}={self.value}:{self.effect}" if self.value else f"{self.key}:{self.effect}"


@dataclass(frozen=True, slots=True)
class NodeConfig:
    """One node.

    `runtime` is a key of `components.runtimes.RUNTIMES`. `kubelet` are settings of KubeletConfiguration: the site's,
    over them the cluster's, over them the node's own. `labels` and `taints` are those that the user declares;
    `schedulable` says whether pods of users may run there as far as the node's role counts, on a worker always.
    `handlers` are what may run pods there beside the runtime's own. `host` is the name of the target that it says
    its machine is on, empty if it says none: see `SiteConfig.target_of`. `address` is empty where DHCP gives one,
    `mac_address` where the host makes one. A node has either an `image`, of which its machine is made, or a machine
    that is `existing`.
    """

    name: str
    role: Role
    runtime: str
    runtime_version: str
    machine: MachineConfig
    image: ImageConfig | None
    kubelet: Mapping[str, JsonValue]
    clean_install: bool
    on_runtime_change: RuntimeChange
    files: tuple[DeclaredFile, ...]
    labels: Mapping[str, str]
    taints: tuple[Taint, ...]
    schedulable: bool
    allow_replace: bool
    handlers: tuple[HandlerConfig, ...] = ()
    host: str = ""
    address: str = ""
    mac_address: str = ""
    networks: tuple[CardConfig, ...] = ()
    extra_disks: tuple[ExtraDiskConfig, ...] = ()
    power: Power = "on"
    existing: ExistingMachineConfig | None = None

    @property
    def system(self) -> str:
        """The word for the guest system of its machine: what the image holds, or what the machine is said to run."""
        found = self.existing or self.image
        return found.system if found else ""


@dataclass(frozen=True, slots=True)
class SshConfig:
    """How machines that are made are reached; `authorized_keys` are for those that exist as well."""

    user: str
    authorized_keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SiteConfig:
    """Where the lab is built: `vsphere` are the targets in the order of the file; `registries` sorted by host."""

    vsphere: tuple[VsphereConfig, ...]
    addresses: AddressesConfig
    ssh: SshConfig
    mirrors: MirrorsConfig
    registries: tuple[RegistryConfig, ...]
    ignore_preflight_errors: tuple[str, ...]

    def user_of(self, node: NodeConfig) -> str:
        """Who logs in to a node's machine."""
        return node.existing.user if node.existing else self.ssh.user

    def target_of(self, node: NodeConfig) -> VsphereConfig | None:
        """The target on which a node's machine is to be; None where the provider chooses it, or the machine exists."""
        if node.existing:
            return None
        if len(self.vsphere) == 1:
            return self.vsphere[0]
        return next((target for target in self.vsphere if target.name == node.host), None)


@dataclass(frozen=True, slots=True)
class LabConfig:
    """A whole lab, checked; `warnings` are lines for the user about what works, but not as one might expect."""

    stack: str
    cluster: ClusterConfig
    nodes: tuple[NodeConfig, ...]
    site: SiteConfig
    warnings: tuple[str, ...]

    @property
    def control_planes(self) -> tuple[NodeConfig, ...]:
        """The nodes that run the control plane, at least one, in the order of the file."""
        return tuple(node for node in self.nodes if node.role == "controlPlane")

    @property
    def targets(self) -> tuple[VsphereConfig, ...]:
        """The targets that machines are made on, none where all machines exist."""
        return self.site.vsphere if any(node.image for node in self.nodes) else ()

    @property
    def running(self) -> tuple[NodeConfig, ...]:
        """The nodes whose machines are not declared off, in the order of the file."""
        return tuple(node for node in self.nodes if node.power == "on")

    @property
    def resting(self) -> tuple[NodeConfig, ...]:
        """The workers whose machines are declared off, in the order of the file."""
        return tuple(node for node in self.nodes if node.power == "off")

    @property
    def workers(self) -> tuple[NodeConfig, ...]:
        """The other nodes, in the order of the file."""
        return tuple(node for node in self.nodes if node.role == "worker")
