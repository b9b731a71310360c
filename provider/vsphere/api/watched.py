"""What a Waiter knows: of each object what the host said of it last, and of a login what is watched in it. No calls."""

from typing import Any

from provider.vsphere.api.faults import translate
from provider.vsphere.api.sdk import vim
from provider.vsphere.errors import GoneError, VsphereError

Key = tuple[str, str]


def key_of(obj: Any) -> Key:
    """What tells an object from all others of a host."""
    return type(obj).__name__, obj._moId


class Watched:
    """An object in the list: what the host said of it last. `version` changes with each of its changes."""

    def __init__(self, ref: Any) -> None:
        self.ref = ref
        self.facts: dict[str, Any] = {}
        self.version = 0
        self.heard = False
        self.left = False  # the host says that it left the list, as an object does that is gone
        self.error: VsphereError | None = None
        self.waiting = 0
        self.idle_since = 0.0

    def is_idle(self, since: float) -> bool:
        """True if nobody waits for it any more, nor will: it was last waited for before `since`, or is a task."""
        return self.waiting == 0 and (isinstance(self.ref, vim.Task) or self.idle_since < since)

    def take(self, change: Any) -> None:
        """Takes an ObjectUpdate of it that is not its leaving."""
        self.version += 1
        self.heard, self.left = True, False
        if change.kind == "enter":
            self.facts = {}  # it comes with all that is set: what is not among that was unset meanwhile
        for entry in change.missingSet or []:
            error = translate("waiting for changes", entry.fault)
            self.left = self.left or isinstance(error, GoneError)
            self.error = None if isinstance(error, GoneError) else error
        for each in change.changeSet or []:
            if each.val is None:
                self.facts.pop(each.name, None)
            else:
                self.facts[each.name] = each.val


class Epoch:
    """What belongs to one login: the collector, the view, and which objects are in it."""

    def __init__(self, generation: int, collector: Any, view: Any) -> None:
        self.generation = generation
        self.collector = collector
        self.view = view
        self.listed: set[Key] = set()
        self.version = ""
        self.asked = False  # a thread asks
