"""What a machine waits for or is kept from: a question, its power, its connection, its snapshots. Pure.

A question is shown with its choices and never answered here: what the right answer is, the machine's owner knows.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from provider.vsphere.api.sdk import Facts
from provider.vsphere.errors import QuestionError
from provider.vsphere.model import Question

WATCHED = ("runtime.question", "runtime.powerState", "runtime.connectionState")
SNAPSHOTS = "snapshot"
SUSPENDED = "suspended"


def question(facts: Facts) -> Question | None:
    """The question that these properties (at least `runtime.question`) hold, None if there is none."""
    found = facts.get("runtime.question")
    if found is None:
        return None
    return Question(" ".join(str(found.text).split()), tuple(_choices(found)))


def _choices(found: Any) -> Iterator[str]:
    choice = getattr(found, "choice", None)
    for each in getattr(choice, "choiceInfo", None) or []:
        text = str(getattr(each, "label", "") or getattr(each, "summary", "") or each.key)
        yield text.strip()


def shown(pending: Question) -> str:
    """The question with its choices."""
    choices = f" (choices: {', '.join(pending.choices)})" if pending.choices else ""
    return f'it waits for an answer to "{pending.text}"{choices}'


def waits_for_answer(doing: str, pending: Question) -> QuestionError:
    """The error of a run that meets a question."""
    return QuestionError(
        f"{doing}: {shown(pending)}; nothing was answered; answer it on the host's web page, then run up again"
    )


def evidence(facts: Facts) -> str:
    """What a machine shows when a wait for it ends, from these properties (WATCHED)."""
    pending = question(facts)
    said = f"power state {facts.get('runtime.powerState', 'unknown')}"
    said += f", connection {facts.get('runtime.connectionState', 'unknown')}"
    return f"last seen: {said}{f', {shown(pending)}' if pending else ''}"


def snapshot_names(facts: Facts) -> tuple[str, ...]:
    """The names of the snapshots that these properties (at least SNAPSHOTS) hold."""
    tree = facts.get(SNAPSHOTS)
    return tuple(_names(getattr(tree, "rootSnapshotList", None) or [])) if tree is not None else ()


def _names(snapshots: Sequence[Any]) -> Iterator[str]:
    for each in snapshots:
        yield str(each.name)
        yield from _names(each.childSnapshotList or [])


def kept_by_a_snapshot(snapshots: Sequence[str], *, on_a_snapshot: bool) -> tuple[str, str] | None:
    """What keeps a disk from changing and what to do about it on the host, None if no snapshot does."""
    if snapshots:
        return f"its snapshots ({', '.join(snapshots)})", "delete them"
    return ("a snapshot that is not in its list", "consolidate its disks") if on_a_snapshot else None


def growth_fault(
    name: str, snapshots: Sequence[str], *, on_a_snapshot: bool, gib: int, linked_to: str = ""
) -> str | None:
    """Why the disk of a machine cannot grow to `gib` GiB, with the remedy; None if nothing keeps it from that.

    `linked_to` is the disk of another machine that it is read from.
    """
    if linked_to:
        return (
            f"machine {name}: its disk cannot grow to {gib} GiB, for it is a linked clone, which reads {linked_to}; "
            "put diskGiB back, or have the machine made anew (delete it in the vCenter, then run up), or write "
            "clone: full before that"
        )
    kept = kept_by_a_snapshot(snapshots, on_a_snapshot=on_a_snapshot)
    if kept is None:
        return None
    cause, remedy = kept
    return (
        f"machine {name}: its disk cannot grow to {gib} GiB because of {cause}; {remedy} on the host, or put diskGiB "
        "back, then run up again"
    )
