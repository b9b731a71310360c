"""From what is written of a machine that exists to what the rest of the program reads. Pure."""

from collections.abc import Mapping

from pydantic import SecretStr

from config.existing.spec import ExistingSpec
from config.images.spec import default_guest_system
from config.platform import ExistingMachineConfig


def resolved(
    existing: ExistingSpec | None, private_keys: Mapping[str, SecretStr], name: str
) -> ExistingMachineConfig | None:
    """The machine of the node `name`; None if it is to be made. `private_keys` are by the files that are named."""
    machine = existing.machines.get(name) if existing else None
    if existing is None or machine is None:
        return None
    is_address = machine.address.rpartition(".")[2].isdigit()
    return ExistingMachineConfig(
        address=machine.address,
        node_address=machine.node_address or (machine.address if is_address else None),
        port=machine.port,
        user=machine.user or existing.user or "",
        host_key=machine.host_key,
        private_key=private_keys[existing.key_file(machine)],
        system=machine.system or existing.system or default_guest_system(),
    )
