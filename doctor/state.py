"""How a stack's machines are reached, from its exported state. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_SECRET = "4dabf18193072939515e22adb298388d"
_MACHINES = ("kubelab:index:VirtualMachine", "kubelab:index:ExistingMachine")
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


def host_password(exported: Mapping[str, Any]) -> str | None:
    """The host's password that the stack was built with, None if it was not; of the same as `connections`."""
    for resource in exported["deployment"].get("resources", []):
        if resource["type"] == "pulumi:providers:kubelab" and not resource.get("delete"):
            found = plain(resource.get("inputs", {}).get("password"))
            return str(found) if found else None
    return None


def plain(value: Any) -> Any:
    """A value of the state with its secrets opened."""
    if isinstance(value, dict):
        if value.get(_SECRET) == _SIGNATURE:
            return plain(json.loads(value["plaintext"]))
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value
