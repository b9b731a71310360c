"""Runs the host's tasks: starts one, waits for its end, turns its error into an exception."""

from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any

from provider.vsphere.api import collector
from provider.vsphere.api.faults import translate
from provider.vsphere.api.sdk import Facts
from provider.vsphere.api.session import Session
from provider.vsphere.cancel import Deadline
from provider.vsphere.conditions import machine_state
from provider.vsphere.errors import (
    BusyError,
    CancelledError,
    GoneError,
    OutcomeUnknownError,
    TimedOutError,
    VsphereError,
)
from provider.vsphere.limit import Limit

WITHDRAWN_SECONDS = 10.0
BUSY_ATTEMPTS = 6
SETTLE_SECONDS = 120.0
UNFINISHED = ("queued", "running")
MAKING = ("copyvirtualdisk", "createvm", "virtualmachine.clone", "clonevm")
ENDING = ("virtualmachine.destroy",)


def run(
    session: Session,
    doing: str,
    start: Callable[..., Any],
    *args: Any,
    seconds: float | None = None,
    machine: Any | None = None,
    ends_at_question: bool = True,
    limit: Limit | None = None,
) -> Any:
    """Starts a task when it is its turn, waits and returns its result. A busy object is tried again, in bounds.

    The turn is one of the session's operations, or of `limit`; `seconds` bounds the wait, the session's own bound if
    there are none. `machine` is the one that is operated: with `ends_at_question`, a question of its ends the wait.
    Raises QuestionError, and OutcomeUnknownError when the task may have been started but cannot be followed.
    """
    for attempt in range(BUSY_ATTEMPTS):
        try:
            with (limit or session.operations).taken(session.cancel, doing):
                task = session.change(doing, start, *args)
                session.followed_tasks.add(task._moId)
                return _follow(session, doing, task, seconds, machine, ends_at_question)
        except BusyError:
            if attempt == BUSY_ATTEMPTS - 1:
                raise
            session.cancel.sleep(0.5 * 2**attempt, doing)
    raise AssertionError("unreachable")


def _follow(
    session: Session, doing: str, task: Any, seconds: float | None, machine: Any | None, ends_at_question: bool
) -> Any:
    """A task that is not waited for any more is cancelled, so that cleaning up does not meet it."""
    try:
        return wait(session, doing, task, seconds, machine, ends_at_question=ends_at_question)
    except (CancelledError, TimedOutError) as ended:
        if not session.cancel.abandoned:
            with session.cancel.shielded(), suppress(VsphereError):  # it may be done, or not be cancellable
                session.change(doing, task.CancelTask)
                wait(session, doing, task, min(WITHDRAWN_SECONDS, session.task_seconds))
        raise ended from None


def wait(
    session: Session,
    doing: str,
    task: Any,
    seconds: float | None = None,
    machine: Any | None = None,
    *,
    ends_at_question: bool = True,
) -> Any:
    """Waits for a task's end and returns its result; raises its error, translated, or QuestionError."""

    def done(facts: Facts) -> dict[str, Any] | None:
        state = str(facts.get("info.state", ""))
        if state in ("success", "error"):
            return {"state": state, **facts}
        question = machine_state.question(facts)
        if question is not None and ends_at_question:
            raise machine_state.waits_for_answer(doing, question)
        return None

    beside = None
    if machine is not None:
        beside = collector.Beside(machine, machine_state.WATCHED, machine_state.evidence)

    paths = ["info.state", "info.error", "info.result", "info.progress"]
    try:
        facts = collector.wait_for(session, doing, task, paths, done, Deadline(seconds or session.task_seconds), beside)
    except GoneError:
        # It is the task that is gone, as after a restart of the host's services: of what it did, nothing is known.
        raise OutcomeUnknownError(f"{doing}: {session.name} does not know the task any more") from None
    if facts["state"] == "error":
        raise translate(doing, facts["info.error"])
    return facts.get("info.result")


def settle(session: Session, doing: str, kinds: tuple[str, ...] = MAKING, of: Collection[Any] | None = None) -> None:
    """Waits until the host runs no task of these kinds that this process does not follow.

    Called when a task of ours may run that cannot be followed: its answer was lost, or an earlier process began it.
    With `of`, only tasks of these objects count, and those of our own user: others work in the same vCenter.
    """
    deadline = Deadline(SETTLE_SECONDS)
    paths = ["info.state", "info.descriptionId", *(() if of is None else ("info.entity", "info.reason"))]
    objects, users = {obj._moId for obj in of or ()}, set() if of is None else _own_names(session, doing)
    while True:
        found = collector.retrieve(session, doing, collector.task_manager_spec(session.content, paths))
        running = [
            str(facts["info.descriptionId"])
            for moid, facts in found.items()
            if str(facts.get("info.state")) in UNFINISHED
            and str(facts.get("info.descriptionId", "")).lower().endswith(kinds)
            and moid not in session.followed_tasks
            and (of is None or _is_of(facts, objects, users))
        ]
        if not running:
            return
        if deadline.passed:
            raise collector.timed_out(session, doing, deadline, f"the host still runs {', '.join(running)}")
        session.cancel.sleep(0.5, doing)


def _own_names(session: Session, doing: str) -> set[str]:
    """Our user as the server calls it, and as it was logged in."""
    current = collector.read(session, doing, session.content.sessionManager, ["currentSession"]).get("currentSession")
    return {_user(session.endpoint.user), _user(str(getattr(current, "userName", None) or session.endpoint.user))}


def _is_of(facts: Facts, objects: Collection[str], users: Collection[str]) -> bool:
    entity, user = facts.get("info.entity"), getattr(facts.get("info.reason"), "userName", None)
    return getattr(entity, "_moId", None) in objects or (bool(user) and _user(str(user)) in users)


def _user(name: str) -> str:
    r"""The one form of `DOMAIN\user` and `user@domain`."""
    domain, backslash, user = name.rpartition("\\")
    return (f"{user}@{domain}" if backslash else name).casefold()
