"""What a machine of the check is told at its first boot, as files of a NoCloud disc. Pure, but for making keys."""

import json
from dataclasses import dataclass

import asyncssh

USER = "kubelab"
HOST_NAME = "image-check"


@dataclass(frozen=True, slots=True)
class Keys:
    """Key pairs that live as long as the check: the machine's own, by which it is known, and the user's."""

    host: asyncssh.SSHKey
    user: asyncssh.SSHKey


def new_keys() -> Keys:
    """Two fresh Ed25519 keys."""
    return Keys(asyncssh.generate_private_key("ssh-ed25519"), asyncssh.generate_private_key("ssh-ed25519"))


def seed_files(keys: Keys, mac: str, instance: str) -> dict[str, str]:
    """The files of the disc: a user with the key, the host's key, DHCP on the card with the address `mac`."""
    user_data = {
        "users": [
            {
                "name": USER,
                "shell": "/bin/bash",
                "sudo": "ALL=(ALL) NOPASSWD:ALL",
                "ssh_authorized_keys": [_public(keys.user)],
            }
        ],
        "ssh_deletekeys": True,
        "ssh_genkeytypes": ["ed25519"],
        "ssh_keys": {"ed25519_private": keys.host.export_private_key().decode(), "ed25519_public": _public(keys.host)},
    }
    network = {
        "version": 2,
        "ethernets": {"id0": {"match": {"macaddress": mac}, "set-name": "eth0", "dhcp4": True}},
    }
    return {
        "meta-data": _yaml({"instance-id": instance, "local-hostname": HOST_NAME}),
        "user-data": f"#cloud-config\n{_yaml(user_data)}",
        "network-config": _yaml(network),
    }


def _public(key: asyncssh.SSHKey) -> str:
    return key.export_public_key().decode().strip()


def _yaml(data: object) -> str:
    """JSON is YAML, and needs no library whose styles differ from one version to the next."""
    return json.dumps(data, indent=2) + "\n"
