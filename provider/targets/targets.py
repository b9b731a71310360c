"""The configured targets and their connections: which of them an operation is on, and where a new machine goes."""

import json
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from provider.configuration import configuration
from provider.connection import Connection
from provider.resource import Change, Kind, PropertyChange, Resource, is_of_another_platform
from provider.targets import placing
from provider.targets.settings import Settings, settings
from provider.vsphere.cancel import CancelToken
from provider.vsphere.errors import CancelledError, VsphereError
from provider.wire import Properties

if TYPE_CHECKING:
    from provider.vsphere.conditions.findings import Finding
    from provider.vsphere.conditions.reading import Preflight
    from provider.vsphere.conditions.room import Room
    from provider.vsphere.conditions.space import Taken
    from provider.vsphere.model import AskSsh

Progress = Callable[[str], None]
Answer = TypeVar("Answer")


class Targets:
    """All targets by name; `""` is that of one which stands alone and has none."""

    def __init__(
        self, cancel: CancelToken, ask_ssh: "AskSsh | None" = None, warn: Callable[[str], object] = str
    ) -> None:
        self._cancel = cancel
        self._ask_ssh = ask_ssh
        self._warn = warn
        self._lock = threading.Lock()
        self._known = Settings()
        self._connections: dict[str, Connection] = {}
        self._preflight: Preflight | None = None
        self._of_state: dict[str, str] = {}
        self._plan: dict[str, str] = {}

    def configure(self, args: Mapping[str, Any]) -> None:
        """Takes the configuration; earlier logins end."""
        self.close()
        known = settings(args)
        connections = {}
        for name, flat in {**known.retired, **known.targets}.items():
            connections[name] = Connection(self._cancel, self._ask_ssh, self._warn)
            connections[name].configure(configuration(flat))
        with self._lock:
            self._known, self._connections, self._plan, self._of_state = known, connections, {}, {}

    @property
    def owner(self) -> str | None:
        """ "<project>/<stack>", None if not known."""
        return self._known.owner

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the targets that are declared, in their order."""
        return tuple(self._known.targets)

    def recorded(self, resource: Resource, called: str, olds: Properties) -> Properties:
        """What was kept of a resource, its target by today's name; where it is, is remembered of it."""
        if not resource.is_on_a_target:
            return olds
        found = placing.recorded(self._known, olds)
        with self._lock:
            self._of_state[called] = str(found.get("host") or "")
        return found

    def compared(
        self, resource: Resource, called: str, olds: Properties, news: Properties
    ) -> tuple[Properties, Properties, list[PropertyChange]]:
        """What was kept and what is declared of a resource, both on a target; and the change if its name is another.

        Raises RefusedError if a machine that names no target is on one that is named no more.
        """
        if not resource.is_on_a_target:
            return olds, news, []
        if is_of_another_platform(olds, news):
            return olds, placing.not_placed_yet(news), []
        now = self.recorded(resource, called, olds)
        news = placing.stays(self._known, called, now, news)
        is_called_otherwise = olds.get("host") != now.get("host") == news.get("host")
        return now, news, [PropertyChange("host", Kind.UPDATE, Change.UPDATE)] if is_called_otherwise else []

    def previewed(self, resource: Resource, called: str, news: Properties) -> Properties:
        """A new resource as far as a preview knows it: one that is made anew stays where it was."""
        host = self._only_or_former(called)
        if not resource.is_on_a_target:
            return news
        return placing.not_placed_yet(news) if host is None else placing.placed(self._known, news, host)

    def chosen(self, resource: Resource, called: str, news: Properties, warn: Progress) -> Properties:
        """A resource that is to be made, on the target that is chosen for it if it says none: where it was, if it was.

        Raises what `preflight` raises.
        """
        if not resource.is_on_a_target or placing.is_said(news):
            return news
        host = self._only_or_former(called)
        if host is None:
            self.preflight(warn)
            host = self._plan.get(str(news.get("name") or called))
        if host is None:
            raise VsphereError(f"machine {called}: it is not among the machines that the provider is configured with")
        return placing.placed(self._known, news, host)

    def _only_or_former(self, called: str) -> str | None:
        """The target of a resource that says none, if there is one alone, or if it was on one of them before."""
        targets = self._known.targets
        if len(targets) == 1:
            return next(iter(targets))
        was = self._of_state.get(called)
        return was if was in targets else None

    def at(self, called: str, properties: Properties) -> Connection:
        """The connection to the target on which a resource is. Raises VsphereError if that is named no more."""
        return self.connection(called, str(properties.get("host") or ""))

    def connection(self, called: str, host: str) -> Connection:
        """The connection to the target of this name. Raises VsphereError if there is none."""
        if host in self._connections:
            return self._connections[host]
        if not self._connections:
            raise VsphereError("the provider's configuration is not complete yet: a target is needed")
        raise VsphereError(
            f"{called}: {placing.named_no_more(host)}; name it there again, as it was, until what is on it is removed"
        )

    def preflight(self, warn: Progress) -> None:
        """Asks all targets, once, for what would keep this run from its end, and plans where new machines go.

        Raises RefusedError with all of it, VsphereError if a target cannot be asked or the configuration is incomplete.
        """
        from provider.vsphere.conditions.reading import Preflight

        with self._lock:
            if self._preflight is None:
                self._preflight = Preflight(self._conditions, self._where(), warn)
            preflight = self._preflight
        preflight.passed()

    def close(self) -> None:
        """Logs out wherever logged in."""
        with self._lock:
            connections, self._connections, self._preflight = self._connections, {}, None
        _of_each(connections, lambda _, connection: connection.close())

    def _where(self) -> str:
        return ", ".join(connection.called(name) for name, connection in self._declared().items())

    def _declared(self) -> dict[str, Connection]:
        return {name: self._connections[name] for name in self._known.targets}

    def _conditions(self) -> "list[Finding]":
        """Of all targets, each finding naming its own; one that cannot be asked is a finding where there are others."""
        from provider.vsphere.conditions import space

        connections = self._declared()
        if len(connections) == 1:
            return [found for connection in connections.values() for found in connection.conditions("[]")]
        unplaced = self._known.unplaced
        names = [str(each["name"]) for each in unplaced]
        rooms = _of_each(connections, lambda _, connection: _or_error(lambda: connection.room(names)))
        known: dict[str, Room] = {name: room for name, room in rooms.items() if not isinstance(room, VsphereError)}
        self._plan = placing.plan(unplaced, known, self._of_state) if known else {}
        told: dict[str, list[Finding] | VsphereError] = {
            name: room for name, room in rooms.items() if isinstance(room, VsphereError)
        }
        asked = {name: connections[name] for name in known}
        taken: list[Taken] = []

        def ask(name: str, connection: Connection) -> "list[Finding] | VsphereError":
            def note(of_datastore: "Taken") -> None:
                taken.append(replace(of_datastore, target=connection.called(name)))

            return _or_error(lambda: connection.conditions(self._planned_on(name), note))

        told |= _of_each(asked, ask)
        found = [each for name in connections for each in _named(connections[name].called(name), told[name])]
        return found + space.of_shared(sorted(taken, key=lambda each: each.target))

    def _planned_on(self, host: str) -> str:
        """The machines that are planned on a target, as its configuration has those that name it."""
        home = self._known.homes[host]
        return json.dumps([{**each, **home} for each in self._known.unplaced if self._plan.get(each["name"]) == host])


def _of_each(connections: Mapping[str, Connection], ask: Callable[[str, Connection], Answer]) -> dict[str, Answer]:
    """The answers of all by name, asked at once."""
    if len(connections) <= 1:
        return {name: ask(name, connection) for name, connection in connections.items()}
    with ThreadPoolExecutor(len(connections)) as pool:
        return dict(zip(connections, pool.map(lambda each: ask(*each), connections.items()), strict=True))


def _or_error(ask: Callable[[], Answer]) -> "Answer | VsphereError":
    try:
        return ask()
    except CancelledError:
        raise
    except VsphereError as error:
        return error


def _named(called: str, found: "list[Finding] | VsphereError") -> "list[Finding]":
    from provider.vsphere.conditions.findings import Finding

    if isinstance(found, VsphereError):
        return [Finding(f"on {called}: {found}")]
    return [replace(each, text=f"on {called}: {each.text}") for each in found]
