"""What a user may write of machines that exist, in a site file."""

import base64
import binascii
from ipaddress import IPv4Address
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from config.existing.wishes import EXISTING
from config.images.spec import GuestSystemName, default_guest_system
from config.model import Spec
from config.values import FilePath, LinuxUser, NodeName
from config.values.hosts import is_host_name, reachable_address

_ALGORITHM = "ssh-ed25519"
_KEY_BYTES = 51  # the algorithm's name and 32 bytes, each behind its length (RFC 8709)
_ADOPT = "as `make adopt HOST=...` prints it"
_EXAMPLE = f"wanted: the machine's ed25519 host key such as ssh-ed25519 AAAA..., {_ADOPT}"


def _address(value: str) -> str:
    try:
        IPv4Address(value)
    except ValueError:
        if is_host_name(value):
            return value
        raise ValueError("wanted: an IPv4 address or a host name in lower case, without a port") from None
    return reachable_address(value)


def _host_key(value: str) -> str:
    """`value` without its comment."""
    if "PRIVATE KEY" in value:
        raise ValueError(f"found a private key, {_EXAMPLE}")
    words = value.split()
    if value.startswith("SHA256:"):
        raise ValueError(f"which is a fingerprint; {_EXAMPLE}")
    if len(words) > 2 and words[1] == _ALGORITHM:
        raise ValueError(f"wanted: the key alone, without {words[0][:60]} before it")
    if len(words) < 2 or words[0] != _ALGORITHM:
        other = words[0] if words and words[0].startswith(("ssh-", "ecdsa-", "sk-")) else ""
        raise ValueError(f"which is of kind {other}; {_EXAMPLE}" if other else _EXAMPLE)
    try:
        key = base64.b64decode(words[1], validate=True)
    except binascii.Error:
        raise ValueError(f"which is not whole; {_EXAMPLE}") from None
    if len(key) != _KEY_BYTES or not key.startswith(b"\0\0\0\x0b" + _ALGORITHM.encode()):
        raise ValueError(f"which is not whole; {_EXAMPLE}")
    return f"{_ALGORITHM} {words[1]}"


MachineAddress = Annotated[str, AfterValidator(_address)]
NodeAddress = Annotated[str, AfterValidator(reachable_address)]
HostKey = Annotated[str, AfterValidator(_host_key), Field(json_schema_extra={"pattern": "^ssh-ed25519 AAAA"})]

_PRIVATE_KEY_FILE = "a file (mode 0600) with the private key by which kubelab logs in, without a passphrase"
_USER = "who logs in, and becomes root by sudo without a password"
_SYSTEM = "the guest system that it runs"


class ExistingMachineSpec(Spec):
    """A machine that exists."""

    refused_keys = EXISTING

    address: MachineAddress = Field(description="its IPv4 address or host name, at which its ssh server answers")
    host_key: HostKey = Field(description=f"its ed25519 host key, {_ADOPT}")
    port: int = Field(default=22, ge=1, le=65535, description="the port of its ssh server")
    node_address: NodeAddress | None = Field(
        default=None, description="the IPv4 address by which other nodes reach it; default: address"
    )
    user: LinuxUser | None = Field(default=None, description=f"{_USER}; default: that of all")
    private_key_file: FilePath | None = Field(default=None, description=f"{_PRIVATE_KEY_FILE}; default: that of all")
    system: GuestSystemName | None = Field(default=None, description=f"{_SYSTEM}; default: that of all")


class ExistingSpec(Spec):
    """Machines that exist, each a node of the name by which it stands here."""

    refused_keys = EXISTING

    user: LinuxUser | None = Field(default=None, description=_USER)
    private_key_file: FilePath | None = Field(default=None, description=_PRIVATE_KEY_FILE)
    system: GuestSystemName | None = Field(
        default=None, description=f"{_SYSTEM}; default: {default_guest_system()}, and the preflight says what it found"
    )
    machines: dict[NodeName, ExistingMachineSpec] = Field(description="the machines, by the names of the nodes")

    @model_validator(mode="after")
    def _ways_in(self) -> "ExistingSpec":
        if not self.machines:
            raise ValueError("found no machines, wanted: at least one below machines")
        for key, field in (("user", "user"), ("privateKeyFile", "private_key_file")):
            without = [name for name, machine in self.machines.items() if getattr(machine, field) is None]
            if without and getattr(self, field) is None:
                raise ValueError(f"found no {key} for {', '.join(without)}, wanted: {key} here, or at each machine")
        return self

    def key_file(self, machine: ExistingMachineSpec) -> str:
        """The file with the private key of a machine."""
        return machine.private_key_file or self.private_key_file or ""
