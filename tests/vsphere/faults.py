"""Faults that a host or its network may answer a call with, and the document that says what comes of each."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.vsphere.fault_proxy import Action, FaultProxy, Rule
from tests.vsphere.simulator import Simulator

DOCUMENT = Path(__file__).parents[2] / "docs" / "faults.md"
WRITING = "KUBELAB_WRITE_FAULTS"  # set to anything, rows of the document are written in place of compared
NO_SPACE = "<file>[LocalDS_0] w1/w1.vmdk</file><datastore>LocalDS_0</datastore>"
DUPLICATE = '<name>w1</name><object type="VirtualMachine">vm-0</object>'
PRIVILEGE = '<object type="Folder">ha-folder-vm</object><privilegeId>VirtualMachine.Inventory.Create</privilegeId>'
TASK = '<task type="Task">task-0</task>'
DELAY_SECONDS = 1.0
Break = Callable[[FaultProxy, Simulator, str], None]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is broken about the next call of a method, and how it is called in the document."""

    name: str
    breaks: Break


def _rule(action: Action, **given: object) -> Break:
    return lambda proxy, _, method: proxy.add(Rule(method, action, **given))  # type: ignore[arg-type]


def _answers(kind: str, inner: str = "") -> Break:
    return lambda proxy, _, method: proxy.fault(method, kind, inner)


def _session_ends(proxy: FaultProxy, simulator: Simulator, method: str) -> None:
    proxy.add(Rule(method, Action.CALL_BEFORE, call=simulator.end_other_sessions))


def _login_is_refused(proxy: FaultProxy, simulator: Simulator, method: str) -> None:
    _session_ends(proxy, simulator, method)
    proxy.fault("Login", "InvalidLogin")


def _task_is_lost(proxy: FaultProxy, _: Simulator, method: str) -> None:
    proxy.add(Rule(method, Action.REWRITE_ANSWER, rewrite=lambda answer: answer.replace(b">task-", b">task-9999999")))


def _half(answer: bytes) -> bytes:
    return answer[: len(answer) // 2]


FAULTS = (
    Fault("dropped before", _rule(Action.DROP_BEFORE)),
    Fault("dropped after", _rule(Action.DROP_AFTER)),
    Fault("503", _rule(Action.UNAVAILABLE)),
    Fault("truncated", _rule(Action.REWRITE_ANSWER, rewrite=_half)),
    Fault("delayed", _rule(Action.CALL_BEFORE, call=lambda: time.sleep(DELAY_SECONDS))),
    Fault("NotAuthenticated", _answers("NotAuthenticated", PRIVILEGE)),
    Fault("session ended", _session_ends),
    Fault("InvalidLogin", _login_is_refused),
    Fault("lost task", _task_is_lost),
    Fault("DuplicateName", _answers("DuplicateName", DUPLICATE)),
    Fault("NoDiskSpace", _answers("NoDiskSpace", NO_SPACE)),
    Fault("InsufficientResources", _answers("InsufficientResourcesFault")),
    Fault("RestrictedVersion", _answers("RestrictedVersion")),
    Fault("NoPermission", _answers("NoPermission", PRIVILEGE)),
    Fault("TaskInProgress", _answers("TaskInProgress", TASK)),
    Fault("ConcurrentAccess", _answers("ConcurrentAccess")),
    Fault("unknown fault", _answers("NotAFaultThatPyvmomiKnows")),
)


def documented(step: str, outcomes: list[str]) -> None:
    """Fails unless the document has this row."""
    row = f"| {step} | {' | '.join(outcomes)} |"
    lines = DOCUMENT.read_text().splitlines()
    if WRITING in os.environ:
        others = [line for line in lines if not line.startswith(f"| {step} |")]
        DOCUMENT.write_text("\n".join([*others, row]) + "\n")
        return
    assert row in lines, f"{DOCUMENT}: wanted the row {row}; run with {WRITING}=yes to write it"
