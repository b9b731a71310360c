"""What a user may write in stacks/Pulumi.<stack>.yaml. The descriptions are the README's sentences and the editor's."""

from ipaddress import IPv4Network
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from config.control_plane import ApiServerSpec, ControllerManagerSpec, EtcdSpec, SchedulerSpec
from config.locations import FilePath
from config.machine import ImageSpec, MachineOverride
from config.model import Spec
from config.networks import Address, PodNetwork, ServiceNetwork
from config.passthrough import KubeletSettings, KubeProxySettings
from config.runtime_words import Runtime, RuntimeVersions
from config.scalars import DnsDomain, FlannelVersion, KubernetesVersion, NodeName
from config.versions import KUBERNETES

PREFIX = "kubelab:"

Role = Literal["controlPlane", "worker"]
RuntimeChange = Literal["replaceMachine", "resetNode"]
Handler = Literal["gvisor", "kata"]


class PodNetworkSpec(Spec):
    """The pod network (CNI)."""

    plugin: Literal["flannel"] = Field(default="flannel", description="the pod network plugin")
    version: FlannelVersion | None = Field(default=None, description="its version; default: the one kubelab knows best")


class ClusterSpec(Spec):
    """The cluster: what all nodes share."""

    kubernetes_version: KubernetesVersion = Field(
        description=f"the version of Kubernetes, for example {next(iter(KUBERNETES))}"
    )
    runtime: Runtime = Field(default="containerd", description="the container runtime of every node that names none")
    runtime_versions: RuntimeVersions = Field(
        default_factory=dict,
        description="versions of container runtimes and of criDockerd; default: the site's, or kubelab's own",
    )
    clean_install: bool = Field(
        default=False, description="whether what an earlier installation left on a machine is removed first"
    )
    on_runtime_change: RuntimeChange = Field(
        default="replaceMachine", description="what happens to a node whose runtime is changed"
    )
    pod_subnet: PodNetwork = Field(
        default=IPv4Network("10.244.0.0/16"), description="the network of the pods; each node gets a /24 of it"
    )
    service_subnet: ServiceNetwork = Field(
        default=IPv4Network("10.96.0.0/12"), description="the network of the services' cluster addresses"
    )
    dns_domain: DnsDomain = Field(default="cluster.local", description="the DNS domain of the services")
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


class NodeSpec(Spec):
    """One node: a virtual machine, and its part in the cluster."""

    role: Role = Field(description="what the node is in the cluster")
    runtime: Runtime | None = Field(default=None, description="its container runtime; default: the cluster's")
    handlers: Annotated[tuple[Handler, ...], Field(strict=False)] = Field(
        default=(), description="sandboxes for its pods, each offered as a RuntimeClass"
    )
    kubelet: KubeletSettings = Field(
        default_factory=dict, description="settings added to KubeletConfiguration, over the cluster's"
    )
    clean_install: bool | None = Field(default=None, description="as in the cluster, for this node")
    on_runtime_change: RuntimeChange | None = Field(default=None, description="as in the cluster, for this node")
    machine: MachineOverride = Field(
        default=MachineOverride(), description="what of the site's machine is different on this node"
    )
    image: ImageSpec | None = Field(default=None, description="its own image; a path is relative to the stack file")
    address: Address | None = Field(default=None, description="its address, where addresses.mode is static")


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
