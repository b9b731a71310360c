"""Property reads by leaf paths, and waits on property changes; each wait has a PropertyCollector of its own.

Only leaf paths: whole `runtime` or `summary` objects cost time and do not decode with every server.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from provider.vsphere.api.sdk import Facts, vim, vmodl
from provider.vsphere.api.session import Session
from provider.vsphere.cancel import Deadline
from provider.vsphere.errors import GoneError, TimedOutError, VsphereError

T = TypeVar("T")
GONE_ATTEMPTS = 4
SILENT_SECONDS = 10.0  # what is waited for is read once in a while, should a change of it have been missed


def read(session: Session, doing: str, obj: Any, paths: Sequence[str]) -> Facts:
    """The set properties of one object by path; unset ones are absent. Raises GoneError and VsphereError."""
    return read_many(session, doing, [obj], paths)[obj._moId]


def read_many(session: Session, doing: str, objects: Iterable[Any], paths: Sequence[str]) -> dict[str, Facts]:
    """The set properties of objects of one type by moid, in one call."""
    wanted = list(objects)
    if not wanted:
        return {}
    spec = vmodl.query.PropertyCollector.FilterSpec(
        objectSet=[vmodl.query.PropertyCollector.ObjectSpec(obj=obj) for obj in wanted],
        propSet=[vmodl.query.PropertyCollector.PropertySpec(type=type(wanted[0]), pathSet=list(paths))],
    )
    return retrieve(session, doing, spec)


def retrieve(session: Session, doing: str, spec: Any) -> dict[str, Facts]:
    """What a FilterSpec selects: the set properties by moid."""
    return {ref._moId: facts for ref, facts in retrieve_objects(session, doing, spec)}


def retrieve_objects(session: Session, doing: str, spec: Any) -> list[tuple[Any, Facts]]:
    """What a FilterSpec selects: the objects, each with its set properties."""

    def call() -> list[Any]:
        collector = session.content.propertyCollector
        page = collector.RetrievePropertiesEx([spec], vmodl.query.PropertyCollector.RetrieveOptions())
        found = list(page.objects) if page else []
        while page and page.token:
            page = collector.ContinueRetrievePropertiesEx(page.token)
            found += page.objects
        for content in found:
            _raise_missing(content.missingSet)
        return found

    return [(content.obj, {prop.name: prop.val for prop in content.propSet}) for content in session.read(doing, call)]


def machines_in(session: Session, doing: str, folder: Any, paths: Sequence[str]) -> dict[str, Facts]:
    """The set properties of all machines of a folder by moid, in one call."""
    query = vmodl.query.PropertyCollector
    return _machines(
        session, doing, folder, paths, query.TraversalSpec(type=vim.Folder, path="childEntity", skip=False)
    )


def machines_below(session: Session, doing: str, folder: Any, paths: Sequence[str]) -> dict[str, Facts]:
    """As `machines_in`, with those of the folders in it, and of the vApps."""
    query = vmodl.query.PropertyCollector
    again = [query.SelectionSpec(name="folders"), query.SelectionSpec(name="apps")]
    apps = query.TraversalSpec(name="apps", type=vim.VirtualApp, path="vm", skip=False)
    hop = query.TraversalSpec(name="folders", type=vim.Folder, path="childEntity", skip=False, selectSet=[*again, apps])
    return _machines(session, doing, folder, paths, hop)


def _machines(session: Session, doing: str, folder: Any, paths: Sequence[str], hop: Any) -> dict[str, Facts]:
    query = vmodl.query.PropertyCollector
    spec = query.FilterSpec(
        objectSet=[query.ObjectSpec(obj=folder, skip=True, selectSet=[hop])],
        propSet=[query.PropertySpec(type=vim.VirtualMachine, pathSet=list(paths))],
    )
    for _ in range(GONE_ATTEMPTS):
        try:
            return retrieve(session, doing, spec)
        except GoneError:
            continue  # one of them was destroyed just now
    return retrieve(session, doing, spec)


def _raise_missing(missing: Any) -> None:
    """An expired session shows as missing properties, without a fault of the call itself."""
    for entry in missing or []:
        raise entry.fault


def timed_out(session: Session, doing: str, deadline: Deadline, evidence: str = "") -> TimedOutError:
    """The end of a wait, with the evidence of what was waited for and with what the place has to say of itself."""
    try:
        of_place = session.evidence()
    except VsphereError:
        of_place = ""  # it may be the reason of the time-out that nothing can be asked
    said = "; ".join(text for text in (evidence, of_place) if text)
    return TimedOutError(f"{doing}: not done after {deadline.seconds:g} s{f'; {said}' if said else ''}")


@dataclass(frozen=True, slots=True)
class Beside:
    """Another object that is watched with the one that is waited for; `evidence` is what its properties say."""

    obj: Any
    paths: Sequence[str]
    evidence: Callable[[Facts], str] = lambda _: ""


def wait_for(
    session: Session,
    doing: str,
    obj: Any,
    paths: Sequence[str],
    done: Callable[[Facts], T | None],
    deadline: Deadline,
    beside: Beside | None = None,
) -> T:
    """Waits until `done` returns something for the object's properties, and those of `beside`, and returns that.

    Raises TimedOutError at the deadline with what `beside` and the place say, CancelledError, GoneError, and what
    `done` raises.
    """
    waiter = session.waiter
    known_before = waiter.is_listed(obj)
    watched = [(obj, paths), *([(beside.obj, beside.paths)] if beside else [])]
    with waiter.watching(doing, watched) as (main, *others):
        if known_before:
            waiter.refresh(main, read(session, doing, obj, paths))
        heard = Deadline(SILENT_SECONDS)
        while True:
            session.cancel.check(doing)
            waiter.settle(doing)
            if main.left or heard.passed:
                waiter.refresh(main, read(session, doing, obj, paths))
                heard = Deadline(SILENT_SECONDS)
            facts, version = waiter.seen(main)
            seen = [waiter.seen(other) for other in others]
            for other, _ in seen:
                facts = other | facts
            result = done(facts) if main.heard else None
            if result is not None:
                return result
            if deadline.passed:
                raise timed_out(session, doing, deadline, beside.evidence(facts) if beside else "")
            versions = [(main, version), *((other, of) for other, (_, of) in zip(others, seen, strict=True))]
            waiter.sleep(deadline.remaining, versions)


def task_manager_spec(content: Any, paths: Sequence[str]) -> Any:
    """The FilterSpec of the host's recent tasks."""
    query = vmodl.query.PropertyCollector
    hop = query.TraversalSpec(type=vim.TaskManager, path="recentTask", skip=False)
    return query.FilterSpec(
        objectSet=[query.ObjectSpec(obj=content.taskManager, skip=True, selectSet=[hop])],
        propSet=[query.PropertySpec(type=vim.Task, pathSet=list(paths))],
    )
