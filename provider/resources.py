"""The resource types by their tokens: loaded with the first that is asked for, or while the engine greets us."""

from provider.existing_machine import ExistingMachine
from provider.image import Image
from provider.resource import Resource
from provider.ssh_key_pair import SshKeyPair
from provider.virtual_machine import VirtualMachine

_TYPES: tuple[Resource, ...] = (SshKeyPair(), Image(), VirtualMachine(), ExistingMachine())
RESOURCES = {resource.token: resource for resource in _TYPES}
