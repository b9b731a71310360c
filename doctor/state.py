"""How a stack's machines are reached, from its exported state. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_SECRET = "4dabf18193072939515e22adb298388d"
_MADE = "kubelab:index:VirtualMachine"
_MACHINES = (_MADE, "kubelab:index:ExistingMachine")
SSH_PORT = 22
_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"


@dataclass(frozen=True, slots=True)
class Connection:
    """A login with the host key that the machine must present; the private key is OpenSSH's text, a secret."""

    host: str
    user: str
    private_key: str
    host_key: str
    port: int = SSH_PORT


def connections(exported: Mapping[str, Any]) -> dict[str, Connection]:
    """Machine name -> its connection, of what `pulumi stack export --show-secrets` printed (parsed JSON).

    The steps' own connections are taken, each of which names its machine as that with which it is deleted; those of the
    cluster live with the cluster. What is to be deleted or replaced is of a machine that may be gone.
    """
    found = {}
    for resource in exported["deployment"].get("resources", []):
        if resource.get("delete") or resource.get("pendingReplacement"):
            continue
        kind, _, machine = resource.get("deletedWith", "").rpartition("::")
        if resource["type"] == "command:remote:Command" and kind.endswith(_MACHINES):
            known = plain(resource["inputs"]["connection"])
            found[machine] = Connection(
                known["host"], known["user"], known["privateKey"], known["hostKey"], int(known.get("port") or SSH_PORT)
            )
    return found


def host_passwords(exported: Mapping[str, Any]) -> dict[str, str]:
    """The passwords that the stack was built with, by the names of its targets; of the same as `connections`."""
    for resource in exported["deployment"].get("resources", []):
        if resource["type"] == "pulumi:providers:kubelab" and not resource.get("delete"):
            inputs = plain(resource.get("inputs", {}))
            alone = {str(inputs.get("targetName") or ""): inputs["password"]} if inputs.get("password") else {}
            found = {**json.loads(inputs.get("passwords") or "{}"), **alone}
            if found:  # the provider of machines that exist logs in to no host
                return found
    return {}


def placed(exported: Mapping[str, Any]) -> dict[str, str]:
    """Machine name -> the name of the target that it is on, of those that are on one with a name; of the same."""
    found = {}
    for resource in exported["deployment"].get("resources", []):
        if resource["type"] == _MADE and not resource.get("delete") and resource.get("outputs", {}).get("host"):
            outputs = plain(resource["outputs"])
            found[outputs["name"]] = outputs["host"]
    return found


def plain(value: Any) -> Any:
    """A value of the state with its secrets opened."""
    if isinstance(value, dict):
        if value.get(_SECRET) == _SIGNATURE:
            return plain(json.loads(value["plaintext"]))
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value
