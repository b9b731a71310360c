"""What a user may write in stacks/Pulumi.<stack>.yaml. The descriptions are the README's sentences and the editor's."""

from ipaddress import IPv4Network
from typing import Annotated, Any

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)

from config import wishes
from config.addresses.values import Address, MacAddress
from config.declared.control_plane import ApiServerSpec, ControllerManagerSpec, EtcdSpec, SchedulerSpec
from config.declared.files import NodeFiles
from config.handlers.spec import Handlers, HandlerSettings, handlers_described
from config.images.spec import Image
from config.lab import Role, RuntimeChange
from config.model import Spec
from config.nodes.devices import ExtraDisks, Networks, PowerWord
from config.nodes.scheduling import Labels, Taints
from config.pod_network import PodNetworkSpec
from config.releases import (
    KubernetesVersion,
    Runtime,
    RuntimeVersions,
    adapters,
    default_runtime,
)
from config.site import KubeletSettings, KubeProxySettings, MachineSpec, unless_refused
from config.values import (
    ClusterName,
    ControlPlaneEndpoint,
    DnsDomain,
    FilePath,
    NodeName,
    PodSubnet,
    ServiceSubnet,
    TargetName,
    ValidityPeriod,
)
from config.versions import MINORS, TRIED

PREFIX = "kubelab:"


class ClusterSpec(Spec):
    """The cluster: what all nodes share."""

    refused_keys = wishes.CLUSTER

    name: ClusterName | None = Field(
        default=None, description="its name in kubeconfigs, beside those of other clusters; default: the stack's name"
    )
    kubernetes_version: KubernetesVersion = Field(
        description=f"the version of Kubernetes, any patch of {', '.join(sorted(MINORS))}, for example {TRIED}"
    )
    runtime: Runtime = Field(
        default=default_runtime(), description="the container runtime of every node that names none"
    )
    runtime_versions: RuntimeVersions = Field(
        default_factory=dict,
        description=f"versions of container runtimes and of {', '.join(adapters())}; "
        "default: the site's, or kubelab's own",
    )
    handlers: Handlers = Field(
        default=(),
        description="what runs pods of the RuntimeClass of its name, on each node that says nothing else: "
        f"{handlers_described()}",
    )
    handler_settings: HandlerSettings = Field(
        default_factory=dict, description="what of a handler is other than kubelab's own, by its name"
    )
    clean_install: bool = Field(
        default=False, description="whether what an earlier installation left on a machine is removed first"
    )
    on_runtime_change: RuntimeChange = Field(
        default="replaceMachine", description="what happens to a node whose runtime is changed"
    )
    pod_subnet: PodSubnet = Field(
        default=IPv4Network("10.244.0.0/16"), description="the network of the pods; each node gets a /24 of it"
    )
    service_subnet: ServiceSubnet = Field(
        default=IPv4Network("10.96.0.0/12"), description="the network of the services' cluster addresses"
    )
    dns_domain: DnsDomain = Field(default="cluster.local", description="the DNS domain of the services")
    control_plane_endpoint: ControlPlaneEndpoint | None = Field(
        default=None,
        description="a name or address, with or without a port, at which all nodes reach the API server; "
        "default: the address of the first control plane",
    )
    certificate_validity_period: ValidityPeriod = Field(
        default="26280h",
        description="how long certificates and kubeconfigs are valid, in hours; they are renewed before",
    )
    pod_network: PodNetworkSpec = Field(default=PodNetworkSpec(), description="the pod network plugin and its version")
    kubelet: KubeletSettings = Field(
        default_factory=dict, description="settings added to KubeletConfiguration, over the site's"
    )
    kube_proxy: KubeProxySettings = Field(
        default_factory=dict, description="settings added to KubeProxyConfiguration, over the site's"
    )
    api_server: ApiServerSpec = Field(default=ApiServerSpec(), description="the API server")
    controller_manager: ControllerManagerSpec = Field(
        default=ControllerManagerSpec(), description="the controller manager"
    )
    scheduler: SchedulerSpec = Field(default=SchedulerSpec(), description="the scheduler")
    etcd: EtcdSpec = Field(default=EtcdSpec(), description="etcd")
    secrets_encryption: bool = Field(
        default=False, description="whether Secrets are encrypted in etcd, with a key that stays on the control plane"
    )
    files: NodeFiles = Field(default_factory=dict, description="files of every node, by their paths there")


def _without_defaults(schema: dict[str, Any]) -> None:
    for field in schema["properties"].values():
        field.pop("default", None)


class MachineOverride(MachineSpec):
    """What of the site's machine is different on one node; extraConfig is added to the site's."""

    # Its fields have the site's defaults: only those that `model_fields_set` names were written.

    model_config = ConfigDict(json_schema_extra=_without_defaults)

    @model_validator(mode="before")
    @classmethod
    def _without_empty_values(cls, written: object) -> object:
        if not isinstance(written, dict):
            return written
        known = {field.alias for field in cls.model_fields.values()}
        return {key: value for key, value in written.items() if value is not None or key not in known}

    def over(self, common: MachineSpec) -> MachineSpec:
        """The machine of the node: `common` with what is written here in its place, or added to a mapping of it."""
        changed: dict[str, Any] = {}
        for name in self.model_fields_set:
            own, other = getattr(self, name), getattr(common, name)
            changed[name] = {**other, **own} if isinstance(own, dict) else own
        return common.model_copy(update=changed)


class NodeSpec(Spec):
    """One node: a virtual machine, and its part in the cluster."""

    refused_keys = wishes.NODE

    role: Annotated[Role, BeforeValidator(unless_refused(wishes.ROLES))] = Field(
        description="what the node is in the cluster"
    )
    runtime: Runtime | None = Field(default=None, description="its container runtime; default: the cluster's")
    handlers: Handlers | None = Field(default=None, description="its handlers; default: the cluster's, [] for none")
    kubelet: KubeletSettings = Field(
        default_factory=dict, description="settings added to KubeletConfiguration, over the cluster's"
    )
    clean_install: bool | None = Field(default=None, description="as in the cluster, for this node")
    on_runtime_change: RuntimeChange | None = Field(default=None, description="as in the cluster, for this node")
    labels: Labels = Field(default_factory=dict, description="labels of the node, kept as they are written")
    taints: Taints = Field(default=(), description="taints of the node, kept as they are written")
    files: NodeFiles = Field(default_factory=dict, description="files of the node, in place of the cluster's")
    schedulable: bool | None = Field(
        default=None, description="whether a control plane runs pods of users, as in a lab of one node; default: false"
    )
    allow_replace: bool = Field(
        default=False,
        description="whether a machine may be made anew by a changed setting although that loses something: a control "
        "plane's etcd, or what is on extraDisks",
    )
    machine: MachineOverride = Field(
        default=MachineOverride(), description="what of the site's machine is different on this node"
    )
    address: Address | None = Field(
        default=None, description="its address, where the site has addresses/mode static and there alone"
    )
    mac_address: MacAddress | None = Field(
        default=None,
        description="the MAC of its first network card, as for a DHCP server's reservation; default: one made of its "
        "static address, or the host's",
    )
    host: TargetName | None = Field(
        default=None,
        description="the name of the site's target on which its machine is; default: the one there is, or of several "
        "the one with most free memory when the machine is made",
    )
    networks: Networks = Field(
        default=(),
        description="further network cards, each a port group's name, or network, connected and macAddress; the node's "
        "own card stays the first one",
    )
    extra_disks: ExtraDisks = Field(
        default=(), description="further disks, empty at first; they grow, and are destroyed with the machine"
    )
    power: PowerWord = Field(
        default="on", description="off shuts a worker's machine down and keeps it; its pods go to other nodes before"
    )
    image: Image | None = Field(
        default=None, description="its own image, a word or ova and sha256; a path is relative to the stack file"
    )


def _encrypted(value: object) -> object:
    if isinstance(value, dict) and set(value) == {"secure"} and isinstance(value["secure"], str):
        return value
    raise ValueError("wanted: an encrypted value, as `pulumi config set --secret` writes it")


_ENCRYPTED_SCHEMA = {
    "type": "object",
    "properties": {"secure": {"type": "string"}},
    "required": ["secure"],
    "additionalProperties": False,
}


class StackConfig(Spec):
    """The keys of the project in a stack file."""

    site: FilePath = Field(alias="kubelab:site", description="the site file, relative to the stack file")
    cluster: ClusterSpec = Field(alias="kubelab:cluster", description="the cluster, what all nodes share")
    nodes: dict[NodeName, NodeSpec] = Field(
        alias="kubelab:nodes", description="the nodes by name; exactly one has the role controlPlane"
    )
    vsphere_password: Annotated[
        dict[str, str] | None, BeforeValidator(_encrypted), WithJsonSchema(_ENCRYPTED_SCHEMA)
    ] = Field(default=None, alias="kubelab:vspherePassword", description="the host's password, encrypted by Pulumi")
    vsphere_passwords: dict[
        TargetName, Annotated[dict[str, str], BeforeValidator(_encrypted), WithJsonSchema(_ENCRYPTED_SCHEMA)]
    ] = Field(
        default_factory=dict,
        alias="kubelab:vspherePasswords",
        description="the passwords of several targets by their names, encrypted by Pulumi",
    )


class StackFile(Spec):
    """A whole stack file; the keys beside `config` are Pulumi's own, and so are other namespaces inside it."""

    config: dict[str, object] = Field(description="the configuration of the stack")
    secretsprovider: str | None = Field(default=None, description="written by Pulumi: what encrypts the secrets")
    encryptedkey: str | None = Field(default=None, description="written by Pulumi: the encrypted key of the secrets")
    encryptionsalt: str | None = Field(default=None, description="written by Pulumi: the salt of the passphrase")
    environment: object = Field(default=None, description="Pulumi's own: environments to take configuration from")
