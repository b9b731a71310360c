"""containerd's configuration files: pure functions from the checked configuration to text."""

import json
from collections.abc import Mapping

from components.guest_file import GuestFile

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


def render_hosts(mirror: str, ca_file: str | None) -> str:
    """hosts.toml of one registry whose images all come from ``mirror`` (URL with its /v2/... path).

    The mirror is the only server: a lab with mirrors never asks the upstream, so what the mirror lacks shows at once.
    """
    lines = [
        f"server = {toml_string(mirror)}",
        "override_path = true",
        "capabilities = ['pull', 'resolve']",
        *([f"ca = {toml_string(ca_file)}"] if ca_file else []),
    ]
    return "\n".join(lines) + "\n"


def files(sandbox_image: str, mirrors: Mapping[str, str], ca_file: str | None) -> list[GuestFile]:
    """Every file of containerd's configuration."""
    return [
        GuestFile("/etc/containerd/config.toml", render_config(sandbox_image)),
        *(
            GuestFile(f"{REGISTRY_HOSTS}/{registry}/hosts.toml", render_hosts(mirror, ca_file))
            for registry, mirror in sorted(mirrors.items())
        ),
    ]


def toml_string(value: str) -> str:
    """A TOML basic string; JSON's escapes are a subset of TOML's."""
    return json.dumps(value)
