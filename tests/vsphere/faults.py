"""Faults that a host or its network may answer a call with, and the document that says what comes of each."""

import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.vsphere.fault_proxy import Action, FaultProxy, Rule
from tests.vsphere.shown import MANY, QUESTION, Rewrite, showing
from tests.vsphere.simulator import Simulator

DOCUMENT = Path(__file__).parents[2] / "docs" / "faults.md"
WRITING = "KUBELAB_WRITE_FAULTS"  # set to anything, rows of the document are written in place of compared
NO_SPACE = "<file>[LocalDS_0] w1/w1.vmdk</file><datastore>LocalDS_0</datastore>"
DUPLICATE = '<name>w1</name><object type="VirtualMachine">vm-0</object>'
PRIVILEGE = '<object type="Folder">ha-folder-vm</object><privilegeId>VirtualMachine.Inventory.Create</privilegeId>'
TASK = '<task type="Task">task-0</task>'
MISSING = (
    '<missingSet><path>name</path><fault><fault xsi:type="NotAuthenticated"><object type="Folder">f</object>'
    "<privilegeId>System.Read</privilegeId></fault><localizedMessage/></fault></missingSet>"
)
READS = ("RetrievePropertiesEx", "WaitForUpdatesEx")
DELAY_SECONDS = 0.3
ENDLESS_SECONDS = 1.5  # for which a task is waited for that does not end
Break = Callable[[FaultProxy, Simulator, str], None]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is broken about the next call of a method, and how it is called in the document.

    `is_endless` is a task that goes on: it is given ENDLESS_SECONDS.
    """

    name: str
    breaks: Break
    is_endless: bool = False


def _rule(action: Action, **given: object) -> Break:
    return lambda proxy, _, method: proxy.add(Rule(method, action, **given))  # type: ignore[arg-type]


def _answers(kind: str, inner: str = "") -> Break:
    return lambda proxy, _, method: proxy.fault(method, kind, inner)


def _session_ends(proxy: FaultProxy, simulator: Simulator, method: str) -> None:
    proxy.add(Rule(method, Action.CALL_BEFORE, call=simulator.end_other_sessions))


def _properties_are_missing(proxy: FaultProxy, _: Simulator, method: str) -> None:
    """The session ends after the call, which what is read next shows by properties that are missing."""

    def end() -> None:
        for read in READS:
            proxy.add(Rule(read, Action.REWRITE_ANSWER, rewrite=_all_missing))

    proxy.when(method, end)


def _all_missing(answer: bytes) -> bytes:
    shown = re.sub(rb"<(propSet|changeSet)>.*?</\1>", b"", answer, flags=re.DOTALL)
    return re.sub(rb"(<(?:objects|objectSet)>.*?</obj>)", rb"\1" + MISSING.encode(), shown, flags=re.DOTALL)


def _login_is_refused(proxy: FaultProxy, simulator: Simulator, method: str) -> None:
    _session_ends(proxy, simulator, method)
    proxy.fault("Login", "InvalidLogin")


def _task_is_lost(proxy: FaultProxy, _: Simulator, method: str) -> None:
    proxy.add(Rule(method, Action.REWRITE_ANSWER, rewrite=lambda answer: answer.replace(b">task-", b">task-9999999")))


def _goes_on(proxy: FaultProxy, _: Simulator, method: str, *besides: tuple[str, Rewrite]) -> None:
    """What the call began is shown as running, or as not ready, until the faults are forgotten."""

    def begin(answer: bytes) -> bytes:
        found = re.search(rb'<returnval type="(Task|HttpNfcLease)">([^<]+)<', answer)
        if found is not None:
            shown = re.compile(rb"<obj type=\"%s\">%s</obj>.*?(?=<obj |\Z)" % found.groups(), re.DOTALL)
            for read, beside in besides or ((read, bytes) for read in READS):
                rewrite = partial(_shown, shown, beside)
                proxy.add(Rule(read, Action.REWRITE_ANSWER, MANY, rewrite=rewrite))
        return answer

    proxy.add(Rule(method, Action.REWRITE_ANSWER, rewrite=begin))


def _shown(unfinished: re.Pattern[bytes], beside: Rewrite, answer: bytes) -> bytes:
    return beside(unfinished.sub(_unfinished, answer))


def _unfinished(found: re.Match[bytes]) -> bytes:
    return found[0].replace(b">success<", b">running<").replace(b">ready<", b">initializing<")


def _question_is_asked(proxy: FaultProxy, simulator: Simulator, method: str) -> None:
    """The machine has a question from the call on, and the task waits for the answer."""
    _goes_on(proxy, simulator, method, *showing("VirtualMachine", "runtime.question", QUESTION))


def _half(answer: bytes) -> bytes:
    return answer[: len(answer) // 2]


FAULTS = (
    Fault("dropped before", _rule(Action.DROP_BEFORE)),
    Fault("dropped after", _rule(Action.DROP_AFTER)),
    Fault("503", _rule(Action.UNAVAILABLE)),
    Fault("truncated", _rule(Action.REWRITE_ANSWER, rewrite=_half)),
    Fault("delayed", _rule(Action.CALL_BEFORE, call=lambda: time.sleep(DELAY_SECONDS))),
    Fault("NotAuthenticated", _answers("NotAuthenticated", PRIVILEGE)),
    Fault("NotAuthenticated in missingSet", _properties_are_missing),
    Fault("session ended", _session_ends),
    Fault("InvalidLogin", _login_is_refused),
    Fault("lost task", _task_is_lost),
    Fault("task without end", _goes_on, is_endless=True),
    Fault("question pending", _question_is_asked, is_endless=True),
    Fault("DuplicateName", _answers("DuplicateName", DUPLICATE)),
    Fault("NoDiskSpace", _answers("NoDiskSpace", NO_SPACE)),
    Fault("InsufficientResources", _answers("InsufficientResourcesFault")),
    Fault("RestrictedVersion", _answers("RestrictedVersion")),
    Fault("NoPermission", _answers("NoPermission", PRIVILEGE)),
    Fault("TaskInProgress", _answers("TaskInProgress", TASK)),
    Fault("ConcurrentAccess", _answers("ConcurrentAccess")),
    Fault("unknown fault", _answers("NotAFaultThatPyvmomiKnows")),
)
_HEAD = f"| Call | {' | '.join(fault.name for fault in FAULTS)} |"


def documented(target: str, step: str, outcomes: list[str]) -> None:
    """Fails unless the document has this row in the table of this target.

    Which of the two comes of what has no end is a matter of time, and counts on a machine at rest alone.
    """
    row = f"| {step} | {' | '.join(outcomes)} |"
    lines = DOCUMENT.read_text().splitlines()
    title = f"## {target}"
    if WRITING in os.environ:
        before, table = _split(lines, title)
        rows = [line for line in table if not line.startswith(("| Call ", "|---", f"| {step} |"))]
        rule = "|" + "---|" * (len(FAULTS) + 1)
        after = lines[len(before) + len(table) :]
        DOCUMENT.write_text("\n".join([*before, _HEAD, rule, *rows, row, *after]) + "\n")
        return
    _, table = _split(lines, title)
    assert _HEAD in table, f"{DOCUMENT}: wanted below {title} the head {_HEAD}; run with {WRITING}=yes to write it"
    assert _timeless(row) in map(_timeless, table), (
        f"{DOCUMENT}: wanted below {title} the row {row}; run with {WRITING}=yes to write it"
    )


def _timeless(row: str) -> list[str]:
    step, *outcomes = row.strip("| ").split(" | ")
    return [step, *(each for fault, each in zip(FAULTS, outcomes, strict=False) if not fault.is_endless)]


def _split(lines: list[str], title: str) -> tuple[list[str], list[str]]:
    """What comes before the table of a title, and the table."""
    if title not in lines:
        lines += ["", title, ""]
    first = lines.index(title) + 2
    last = next((number for number in range(first, len(lines)) if not lines[number].startswith("|")), len(lines))
    return lines[:first], lines[first:last]
