"""A stack's state as `pulumi stack export --show-secrets` prints it, parsed."""

import json
from typing import Any

PRIVATE_KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nthe-private-key\n-----END OPENSSH PRIVATE KEY-----"
HOST_KEY = "ssh-ed25519 AAAA"


def opened(value: object) -> dict[str, str]:
    """A secret whose value is shown."""
    return {
        "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
        "plaintext": json.dumps(value),
    }


def urn(kind: str, name: str) -> str:
    """The name of a resource in the state."""
    return f"urn:pulumi:lab::kubelab::kubelab:lab:Lab$kubelab:node:Node${kind}::{name}"


def command(machine: str, name: str, **changed: object) -> dict[str, Any]:
    """A step on a machine; its key is a secret."""
    connection = {
        "host": f"{machine}.test",
        "port": 22,
        "user": "lab",
        "privateKey": opened(PRIVATE_KEY),
        "hostKey": f"{HOST_KEY} {machine}",
        **changed,
    }
    return {
        "urn": urn("command:remote:Command", name),
        "type": "command:remote:Command",
        "deletedWith": urn("kubelab:index:VirtualMachine", machine),
        "inputs": {"connection": connection, "create": "true"},
    }


def exported(*resources: dict[str, Any]) -> dict[str, Any]:
    """The state with these resources among others."""
    others = [
        {"urn": urn("pulumi:pulumi:Stack", "kubelab-lab"), "type": "pulumi:pulumi:Stack"},
        {"urn": urn("kubelab:index:VirtualMachine", "w9"), "type": "kubelab:index:VirtualMachine", "inputs": {}},
    ]
    return {"version": 3, "deployment": {"resources": [*others, *resources]}}
