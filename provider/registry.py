"""The plugin's resource types by token."""

from provider.image import Image
from provider.resource import Resource
from provider.ssh_key_pair import SshKeyPair
from provider.virtual_machine import VirtualMachine

_TYPES: tuple[Resource, ...] = (SshKeyPair(), Image(), VirtualMachine())
RESOURCES: dict[str, Resource] = {resource.token: resource for resource in _TYPES}
