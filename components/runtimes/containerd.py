"""containerd: its configuration files, from what every runtime is told. Pure."""

from collections.abc import Mapping

from components import apt, registries
from components.guest_file import GuestFile
from components.runtime import Installation, Runtime, RuntimeSettings, crictl_file
from components.toml import toml_string
from components.traces import Traces
from config import RegistryConfig

CRI_SOCKET = "unix:///run/containerd/containerd.sock"
REGISTRY_HOSTS = "/etc/containerd/certs.d"
# Schema 3 is read by every containerd from 2.0 on; 2.3 and later migrate it in memory.
CONFIG_SCHEMA = 3


def render_config(sandbox_image: str) -> str:
    """/etc/containerd/config.toml, complete: the package's own file disables the CRI plugin.

    ``sandbox_image`` is the pause image that kubeadm names. SystemdCgroup is written out because containerd's
    default is false, and the kubelet follows the runtime's driver.
    """
    runtime = "plugins.'io.containerd.cri.v1.runtime'"
    images = "plugins.'io.containerd.cri.v1.images'"
    return f"""version = {CONFIG_SCHEMA}

[{images}.pinned_images]
  sandbox = {toml_string(sandbox_image)}

[{images}.registry]
  config_path = {toml_string(REGISTRY_HOSTS)}

[{runtime}.containerd]
  default_runtime_name = 'runc'

[{runtime}.containerd.runtimes.runc]
  runtime_type = 'io.containerd.runc.v2'

[{runtime}.containerd.runtimes.runc.options]
  SystemdCgroup = true
"""


def registry_files(registry: RegistryConfig) -> list[GuestFile]:
    """hosts.toml of one registry, with its authority's file.

    A mirror is the only server: a lab with mirrors never asks the upstream, so what the mirror lacks shows at once.
    hosts.toml with credentials is readable by root alone; they are for what crictl pulls, and for registries that take
    them with each request: the kubelet hands its own to containerd for the images of pods.
    """
    folder = f"{REGISTRY_HOSTS}/{registry.host}"
    ca_file = f"{folder}/ca.crt"
    authorization = registries.basic_authorization(registry)
    lines = [
        f"server = {toml_string(registry.mirror or f'https://{registries.server(registry)}')}",
        *(["override_path = true"] if registry.mirror else []),
        "capabilities = ['pull', 'resolve']",
        *([f"ca = {toml_string(ca_file)}"] if registry.ca_pem else []),
        *(["[header]", f"  Authorization = {toml_string(f'Basic {authorization}')}"] if authorization else []),
    ]
    hosts = GuestFile(f"{folder}/hosts.toml", "\n".join(lines) + "\n", "0600" if authorization else "0644")
    return [hosts, *([GuestFile(ca_file, registries.pem(registry.ca_pem))] if registry.ca_pem else [])]


def files(settings: RuntimeSettings) -> list[GuestFile]:
    """Every file of containerd's configuration."""
    return [
        crictl_file(CRI_SOCKET),
        GuestFile("/etc/containerd/config.toml", render_config(settings.sandbox_image)),
        *(file for registry in settings.registries for file in registry_files(registry)),
        *registries.credential_files(settings.registries),
    ]


def inputs(installation: Installation, _: RuntimeSettings) -> Mapping[str, str]:
    """What the script is given besides."""
    return {"CONTAINERD_VERSION": f"{installation.versions['containerd']}-*"}


RUNTIME = Runtime(
    name="containerd",
    reported_as="containerd",
    cri_socket=CRI_SOCKET,
    script="20-install-containerd.sh",
    repository=lambda _, mirrors: apt.docker(mirrors),
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
)
