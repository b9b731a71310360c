"""What a resource type is to the servicer: plain data in, plain data out. One module per type implements it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from provider.vsphere.errors import VsphereError
from provider.wire import Properties

if TYPE_CHECKING:
    from provider.vsphere.images.base_machines import Images
    from provider.vsphere.machines import Machines


class Change(Enum):
    """What a changed property asks for."""

    UPDATE = "update"
    REPLACE = "replace"


class Kind(Enum):
    """How a property changed."""

    ADD = "add"
    DELETE = "delete"
    UPDATE = "update"


@dataclass(frozen=True, slots=True)
class PropertyChange:
    """One changed property; `path` as in `extraConfig["a.b"]`."""

    path: str
    kind: Kind
    change: Change

    @property
    def key(self) -> str:
        """The top-level property."""
        return self.path.partition("[")[0].partition(".")[0]


@dataclass(frozen=True, slots=True)
class Operation:
    """What an operation runs with. `seconds` is the user's timeout, 0 if there is none.

    `machines`, `images` and `preflight` load the driver and connect: only what asks a host may call them. `preflight`
    is called before something is made or changed; it raises VsphereError with all that keeps the host from it.
    `cancelled` says whether the user wants the run to end.
    """

    name: str
    owner: str | None
    seconds: float
    machines: "Callable[[], Machines]"
    images: "Callable[[], Images]"
    preflight: Callable[[], None]
    progress: Callable[[str], None]
    info: Callable[[str], None]
    urn: str = ""
    cancelled: Callable[[], bool] = lambda: False

    def owned_by(self) -> str:
        """The owner. Raises VsphereError if it is not configured."""
        if not self.owner:
            raise VsphereError('the provider is configured without owner, wanted "<project>/<stack>"')
        return self.owner


@dataclass(frozen=True, slots=True)
class Found:
    """A resource as it is. `reasons` say why it is not finished, if it is not."""

    id: str
    inputs: Properties
    outputs: Properties
    reasons: tuple[str, ...] = field(default=())


class Unfinished(Exception):  # noqa: N818 - not an error by itself: the engine keeps the resource and updates it later
    """The resource exists, but is not finished."""

    def __init__(self, found: Found) -> None:
        super().__init__("; ".join(found.reasons))
        self.found = found


class Resource(Protocol):
    """A resource type."""

    token: str
    secret_keys: frozenset[str]
    stable_keys: tuple[str, ...]
    delete_before_replace: bool
    is_on_a_target: bool

    def check(self, news: Properties, /) -> Mapping[str, str]:
        """The faults of the inputs by property."""

    def diff(self, olds: Properties, news: Properties, /) -> list[PropertyChange]:
        """What changed from the old outputs to the new inputs."""

    def replacement(self, olds: Properties, news: Properties, changes: Sequence[PropertyChange], /) -> str | None:
        """What the user is warned of when these changes replace it, None if nothing is lost. Raises RefusedError."""

    def preview_create(self, operation: Operation, inputs: Properties, /) -> Properties:
        """The outputs as far as they are known before; touches nothing."""

    def create(self, operation: Operation, inputs: Properties, /) -> tuple[str, Properties]:
        """Id and outputs. Raises Unfinished, VsphereError."""

    def read(self, operation: Operation, id_: str, inputs: Properties, outputs: Properties, /) -> Found | None:
        """The resource as it is now, None if it is gone; `inputs` is empty when it is imported."""

    def preview_update(self, operation: Operation, olds: Properties, news: Properties, /) -> Properties:
        """The outputs as they will be; touches nothing."""

    def update(self, operation: Operation, id_: str, olds: Properties, news: Properties, /) -> Properties:
        """The new outputs. Raises Unfinished, VsphereError."""

    def delete(self, operation: Operation, id_: str, olds: Properties, /) -> None:
        """Deletes it; one that is gone is fine. Raises VsphereError."""


def exists(machine: Properties) -> bool:
    """True of the properties of a machine that exists, False of those of one that is made."""
    return "removalCommand" in machine


def is_of_another_platform(olds: Properties, news: Properties) -> bool:
    """True if one of a node's machines exists and the other one is made: nothing of the two can be compared."""
    return exists(olds) is not exists(news)


def changed(olds: Mapping[str, Any], news: Mapping[str, Any], keys: Mapping[str, Change]) -> list[PropertyChange]:
    """The changes of these keys, compared by value; a value that is not known yet counts as changed."""
    return [
        PropertyChange(key, kind(key, olds, news), change)
        for key, change in keys.items()
        if olds.get(key) != news.get(key)
    ]


def kind(key: str, olds: Mapping[str, Any], news: Mapping[str, Any]) -> Kind:
    """How a key changed."""
    if key not in olds:
        return Kind.ADD
    return Kind.UPDATE if key in news else Kind.DELETE
