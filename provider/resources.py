"""The resource types by their tokens: loaded with the first that is asked for, or while the engine greets us."""

from collections.abc import Iterator, Mapping

from provider.image import Image
from provider.resource import Resource
from provider.ssh_key_pair import SshKeyPair
from provider.virtual_machine import VirtualMachine

_OF_HOSTS: tuple[Resource, ...] = (SshKeyPair(), Image(), VirtualMachine())
_EXISTING = "kubelab:index:ExistingMachine"


class _Resources(Mapping[str, Resource]):
    """That of machines that exist is loaded when it is asked for: with it comes what logs in there."""

    def __init__(self) -> None:
        self._loaded = {resource.token: resource for resource in _OF_HOSTS}

    def __getitem__(self, token: str) -> Resource:
        if token == _EXISTING and token not in self._loaded:
            from provider.existing_machine import ExistingMachine

            self._loaded[token] = ExistingMachine()
        return self._loaded[token]

    def __contains__(self, token: object) -> bool:
        return token == _EXISTING or token in self._loaded

    def __iter__(self) -> Iterator[str]:
        return iter((*(resource.token for resource in _OF_HOSTS), _EXISTING))

    def __len__(self) -> int:
        return len(_OF_HOSTS) + 1


RESOURCES = _Resources()
