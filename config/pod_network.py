"""What a user may write of the pod network; what fits the plugin is its record's to say."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from config.model import Spec
from config.releases import (
    PodNetworkBackend,
    PodNetworkPlugin,
    PodNetworkVersion,
    default_pod_network,
    pod_network_backend,
    pod_network_backends,
    pod_network_version,
)


def _listed(described: Mapping[str, str]) -> str:
    return "; ".join(f"{word} ({about})" for word, about in described.items())


class PodNetworkSpec(Spec):
    """The pod network (CNI)."""

    plugin: PodNetworkPlugin = Field(default=default_pod_network(), description="the pod network plugin")
    version: PodNetworkVersion | None = Field(
        default=None, description="its version; default: the one kubelab knows best"
    )

    backend: PodNetworkBackend | None = Field(
        default=None,
        description=f"how packets go from node to node: {_listed(pod_network_backends())}; default: the first",
    )
    port: Annotated[int, Field(ge=1, le=65535)] | None = Field(
        default=None, description="the UDP port of the tunnels between the nodes; default: the plugin's own"
    )
    mtu: Annotated[int, Field(ge=1280, le=9216)] | None = Field(
        default=None,
        description="the largest packet that the network between the nodes carries, in bytes: pods get it less what a "
        "tunnel takes, those that run when they are made anew; default: that of each node's network card",
    )

    # A plugin, or a backend, with a fault of its own is not among the others.

    @field_validator("version")
    @classmethod
    def _version_of_the_plugin(cls, version: str | None, others: ValidationInfo) -> str | None:
        plugin = others.data.get("plugin")
        return pod_network_version(plugin, version) if plugin and version else version

    @field_validator("backend")
    @classmethod
    def _backend_of_the_plugin(cls, backend: str | None, others: ValidationInfo) -> str | None:
        plugin = others.data.get("plugin")
        if plugin:
            pod_network_backend(plugin, backend)
        return backend

    @field_validator("port", "mtu")
    @classmethod
    def _setting_of_the_backend(cls, value: int | None, others: ValidationInfo) -> int | None:
        if value is None or "plugin" not in others.data or "backend" not in others.data:
            return value
        plugin, wanted = others.data["plugin"], others.data["backend"]
        backend = pod_network_backend(plugin, wanted)
        if backend is None or others.field_name not in backend.settings:
            whose = f"{plugin}'s backend {backend.name}" if backend else plugin
            raise ValueError(f"{whose} has no {others.field_name}; leave it out")
        return value
