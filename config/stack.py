"""What a user may write in stacks/Pulumi.<stack>.yaml. The descriptions are the README's sentences and the editor's."""

from ipaddress import IPv4Network
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from config import retired
from config.lab import Role, RuntimeChange
from config.model import Spec
from config.passthrough import check_api_server, check_controller_manager, check_etcd, check_scheduler
from config.releases import (
    KubernetesVersion,
    PodNetworkPlugin,
    PodNetworkVersion,
    Runtime,
    RuntimeVersions,
    adapters,
    default_pod_network,
    default_runtime,
    pod_network_version,
)
from config.site import ImageSpec, KubeletSettings, KubeProxySettings, MachineSpec
from config.values import (
    ArgumentName,
    CertificateName,
    ControlPlaneEndpoint,
    DnsDomain,
    FilePath,
    NodeName,
    PodSubnet,
    ServiceSubnet,
)
from config.versions import KUBERNETES

PREFIX = "kubelab:"


class PodNetworkSpec(Spec):
    """The pod network (CNI)."""

    plugin: PodNetworkPlugin = Field(default=default_pod_network(), description="the pod network plugin")
    version: PodNetworkVersion | None = Field(
        default=None, description="its version; default: the one kubelab knows best"
    )

    @field_validator("version")
    @classmethod
    def _of_the_plugin(cls, version: str | None, others: ValidationInfo) -> str | None:
        # A plugin with a fault of its own is not there.
        plugin = others.data.get("plugin")
        return pod_network_version(plugin, version) if plugin and version else version


class ExtraArgSpec(Spec):
    """An argument of a component, as kubeadm writes it."""

    name: ArgumentName = Field(description="the argument's name, without dashes")
    value: str = Field(description="its value, always a text")


_Arguments = Annotated[tuple[ExtraArgSpec, ...], Field(strict=False)]
_DESCRIPTION = "arguments added to those that kubeadm gives it"


class ApiServerSpec(Spec):
    """The API server."""

    extra_args: Annotated[_Arguments, AfterValidator(check_api_server)] = Field(default=(), description=_DESCRIPTION)
    cert_sans: Annotated[tuple[CertificateName, ...], Field(strict=False)] = Field(
        default=(), alias="certSANs", description="host names and IP addresses added to its certificate"
    )


class ControllerManagerSpec(Spec):
    """The controller manager."""

    extra_args: Annotated[_Arguments, AfterValidator(check_controller_manager)] = Field(
        default=(), description=_DESCRIPTION
    )


class SchedulerSpec(Spec):
    """The scheduler."""

    extra_args: Annotated[_Arguments, AfterValidator(check_scheduler)] = Field(default=(), description=_DESCRIPTION)


class EtcdSpec(Spec):
    """The control plane's own etcd."""

    extra_args: Annotated[_Arguments, AfterValidator(check_etcd)] = Field(default=(), description=_DESCRIPTION)


class ClusterSpec(Spec):
    """The cluster: what all nodes share."""

    kubernetes_version: KubernetesVersion = Field(
        description=f"the version of Kubernetes, for example {next(iter(KUBERNETES))}"
    )
    runtime: Runtime = Field(
        default=default_runtime(), description="the container runtime of every node that names none"
    )
    runtime_versions: RuntimeVersions = Field(
        default_factory=dict,
        description=f"versions of container runtimes and of {', '.join(adapters())}; "
        "default: the site's, or kubelab's own",
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

    refused_keys = retired.NODE_KEYS

    role: Role = Field(description="what the node is in the cluster")
    runtime: Runtime | None = Field(default=None, description="its container runtime; default: the cluster's")
    kubelet: KubeletSettings = Field(
        default_factory=dict, description="settings added to KubeletConfiguration, over the cluster's"
    )
    clean_install: bool | None = Field(default=None, description="as in the cluster, for this node")
    on_runtime_change: RuntimeChange | None = Field(default=None, description="as in the cluster, for this node")
    allow_replace: bool = Field(
        default=False,
        description="whether a control plane's machine, and its etcd with it, may be made anew by a changed setting",
    )
    machine: MachineOverride = Field(
        default=MachineOverride(), description="what of the site's machine is different on this node"
    )
    image: ImageSpec | None = Field(default=None, description="its own image; a path is relative to the stack file")


def _encrypted(value: object) -> object:
    if isinstance(value, dict) and set(value) == {"secure"} and isinstance(value["secure"], str):
        return value
    raise ValueError("wanted: an encrypted value, as `pulumi config set --secret kubelab:vspherePassword` writes it")


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


class StackFile(Spec):
    """A whole stack file; the keys beside `config` are Pulumi's own, and so are other namespaces inside it."""

    config: dict[str, object] = Field(description="the configuration of the stack")
    secretsprovider: str | None = Field(default=None, description="written by Pulumi: what encrypts the secrets")
    encryptedkey: str | None = Field(default=None, description="written by Pulumi: the encrypted key of the secrets")
    encryptionsalt: str | None = Field(default=None, description="written by Pulumi: the salt of the passphrase")
    environment: object = Field(default=None, description="Pulumi's own: environments to take configuration from")
