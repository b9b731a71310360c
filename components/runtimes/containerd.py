"""containerd: its configuration files, from what every runtime is given. Pure."""

from collections.abc import Mapping
from types import MappingProxyType

import tomli_w

from components import apt, registries
from components.guest_file import GuestFile
from components.records.handler import Entry
from components.records.runtime import Installation, Runtime, RuntimeSettings, crictl_file
from components.records.traces import Traces
from config.platform import RegistryConfig

CRI_SOCKET = "unix:///run/containerd/containerd.sock"
REGISTRY_HOSTS = "/etc/containerd/certs.d"
# Schema 3 is read by every containerd from 2.0 on; 2.3 and later migrate it in memory.
CONFIG_SCHEMA = 3


def render_config(sandbox_image: str, handlers: Mapping[str, Entry] = MappingProxyType({})) -> str:
    """/etc/containerd/config.toml, complete: the package's own file disables the CRI plugin.

    `sandbox_image` is the pause image that kubeadm names. SystemdCgroup is written out because containerd's
    default is false, and the kubelet follows the runtime's driver.
    """
    images = {"pinned_images": {"sandbox": sandbox_image}, "registry": {"config_path": REGISTRY_HOSTS}}
    runc = {"runtime_type": "io.containerd.runc.v2", "options": {"SystemdCgroup": True}}
    others = {name: entry.table for name, entry in handlers.items()}
    runtime = {"containerd": {"default_runtime_name": "runc", "runtimes": {"runc": runc, **others}}}
    plugins = {"io.containerd.cri.v1.images": images, "io.containerd.cri.v1.runtime": runtime}
    return tomli_w.dumps({"version": CONFIG_SCHEMA, "plugins": plugins})


def registry_files(registry: RegistryConfig) -> list[GuestFile]:
    """hosts.toml of one registry, with its authority's file.

    A mirror is the only server: a lab with mirrors never asks the upstream, so what the mirror lacks shows at once.
    hosts.toml with credentials is readable by root alone; they are for what crictl pulls, and for registries that take
    them with each request: the kubelet hands its own to containerd for the images of pods.
    """
    folder = f"{REGISTRY_HOSTS}/{registry.host}"
    ca_file = f"{folder}/ca.crt"
    authorization = registries.basic_authorization(registry)
    hosts = {
        "server": registry.mirror or f"https://{registries.server(registry)}",
        **({"override_path": True} if registry.mirror else {}),
        "capabilities": ["pull", "resolve"],
        **({"ca": ca_file} if registry.ca_pem else {}),
        **({"header": {"Authorization": f"Basic {authorization}"}} if authorization else {}),
    }
    file = GuestFile(f"{folder}/hosts.toml", tomli_w.dumps(hosts), "0600" if authorization else "0644")
    return [file, *([GuestFile(ca_file, registries.pem(registry.ca_pem))] if registry.ca_pem else [])]


def files(settings: RuntimeSettings) -> list[GuestFile]:
    """Every file of containerd's configuration."""
    return [
        crictl_file(CRI_SOCKET),
        GuestFile("/etc/containerd/config.toml", render_config(settings.sandbox_image, settings.handlers)),
        *(file for entry in settings.handlers.values() for file in entry.files),
        *(file for registry in settings.registries for file in registry_files(registry)),
        *registries.credential_files(settings.registries),
    ]


def inputs(installation: Installation) -> Mapping[str, str]:
    """What the script is given besides."""
    return {"CONTAINERD_VERSION": f"{installation.versions['containerd']}-*"}


RUNTIME = Runtime(
    name="containerd",
    versions=("2.3.4",),
    series=lambda release: release.containerd,
    reported_as="containerd",
    cri_socket=CRI_SOCKET,
    script="20-install-containerd.sh",
    repository=lambda source: apt.docker(source.system.id, source.system.codename, source.mirrors),
    files=files,
    inputs=inputs,
    traces=Traces(
        package=("containerd.io",),
        unit=("containerd.service",),
        path=(
            "/etc/containerd",
            "/var/lib/containerd",
            "/run/containerd",
            "/run/nri",
            "/opt/containerd",
            "/usr/local/bin/containerd",
            "/usr/local/bin/containerd-shim-runc-v2",
            "/usr/local/bin/ctr",
        ),
        process=("containerd-shim",),
    ),
    no_handlers="",
    is_default=True,
)
