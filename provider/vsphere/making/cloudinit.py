"""cloud-init's first-boot data as guestinfo keys (datasource VMware). Pure.

The user data holds the machine's private ssh host key, so that the first connection can verify it. It stays in the
machine's configuration: an address does not prove that cloud-init has read it, and a machine interrupted in its first
boot needs it again. Instead `redact` has cloud-init itself overwrite the key in guestinfo once it has read it.
"""

import base64
import hashlib

import yaml

from provider.vsphere.desired import DesiredMachine
from provider.vsphere.errors import VsphereError
from provider.vsphere.making import guest_network

VALUE_LIMIT = 64 * 1024  # bytes of one guestinfo value


def guestinfo(machine: DesiredMachine, instance: str) -> dict[str, str]:
    """The extraConfig keys for the first boot. Raises VsphereError if a value would be cut off by the host."""
    values = {"metadata": metadata(machine, instance), "userdata": userdata(machine)}
    keys: dict[str, str] = {}
    for name, text in values.items():
        encoded = base64.b64encode(text.encode()).decode()
        if len(encoded) > VALUE_LIMIT:
            raise VsphereError(
                f"first-boot data of {machine.name}: guestinfo.{name} has {len(encoded)} bytes, "
                f"at most {VALUE_LIMIT} fit"
            )
        keys[f"guestinfo.{name}"] = encoded
        keys[f"guestinfo.{name}.encoding"] = "base64"
    return keys


def metadata(machine: DesiredMachine, instance: str) -> str:
    """The metadata as YAML, with a `network` section only where the image's default, DHCP, is not what is wanted."""
    network = guest_network.network_config(machine)
    named = {"instance-id": instance, "local-hostname": machine.name, "redact": ["userdata"]}
    return yaml.safe_dump({**named, **({"network": network} if network else {})}, sort_keys=False)


def userdata(machine: DesiredMachine) -> str:
    """The #cloud-config: one user with a key, and the host key that the machine presents."""
    config = {
        "locale": False,
        "users": [
            {
                "name": machine.ssh_user,
                "shell": "/bin/bash",
                "sudo": "ALL=(ALL) NOPASSWD:ALL",
                "lock_passwd": True,
                "ssh_authorized_keys": [machine.ssh_public_key.strip()],
            }
        ],
        "ssh_pwauth": False,
        "disable_root": True,
        "ssh_deletekeys": True,
        "ssh_keys": {"ed25519_private": machine.host_key_private, "ed25519_public": machine.host_key_public.strip()},
    }
    return "#cloud-config\n" + yaml.safe_dump(config, sort_keys=False)


def seed(machine: DesiredMachine) -> str:
    """A digest of all that only making a machine anew can change: image, place, network, address, user and keys."""
    place = (machine.image_sha256, machine.datastore, machine.network)
    keys = (machine.ssh_user, machine.ssh_public_key.strip(), machine.host_key_public.strip())
    parts = (*place, *keys, *guest_network.parts(machine))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
