"""make doctor: whether virtual machines run on the nodes."""

import re
from dataclasses import replace

import pytest

from components.steps.node import virtualization
from config import NestedVirtualization
from doctor import __main__ as program
from doctor.machine import Answer
from tests.unit.components.labs import MIXED as LAB
from tests.unit.doctor.machines import (
    GUEST,
    NAMES,
    Machines,
)

NO_GUEST = Answer(0, "no vmx or svm in /proc/cpuinfo: this CPU has no virtualization\nlook at the machine\n", "")


def wanting(monkeypatch: pytest.MonkeyPatch, wanted: NestedVirtualization, *ignored: str) -> None:
    """All nodes have this word, and the site ignores these checks."""
    nodes = (replace(node, machine=replace(node.machine, nested_virtualization=wanted)) for node in LAB.nodes)
    lab = replace(LAB, nodes=tuple(nodes), site=replace(LAB.site, ignore_preflight_errors=ignored))
    monkeypatch.setattr(program, "load_file", lambda *_: lab)


def cells(out: str) -> list[str]:
    """The last column."""
    return [re.split(r"\s{2,}", line)[-1] for line in out.splitlines()[1:]]


def test_a_guest_is_run_on_every_node_and_the_table_says_that_it_ran(
    machines: Machines, capsys: pytest.CaptureFixture[str]
) -> None:
    assert program.main("lab") == 0
    ran = {node: environment for node, file, _, environment in machines.ran if file == GUEST}
    assert ran == {node.name: virtualization.environment(node) for node in LAB.nodes}
    assert cells(capsys.readouterr().out) == ["a guest runs"] * len(NAMES)


def test_a_node_on_which_no_guest_runs_is_a_fault_with_its_cause_and_a_remedy(
    machines: Machines, capsys: pytest.CaptureFixture[str]
) -> None:
    machines.guests["w1"] = NO_GUEST
    assert program.main("lab") == 1
    printed = capsys.readouterr()
    assert cells(printed.out) == ["a guest runs", "no guest runs", "a guest runs"]
    found, remedy = NO_GUEST.stdout.splitlines()
    assert printed.err == (f"error: running a guest on w1: found {found}, wanted one that runs by KVM; {remedy}\n")


@pytest.mark.parametrize(
    ("wanted", "ignored"), [("prefer", ()), ("require", ("Nestedvirtualization",))], ids=["preferred", "ignored"]
)
def test_where_a_lab_may_do_without_guests_it_is_a_warning(
    machines: Machines,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    wanted: NestedVirtualization,
    ignored: tuple[str, ...],
) -> None:
    wanting(monkeypatch, wanted, *ignored)
    machines.guests["w1"] = NO_GUEST
    assert program.main("lab") == 0
    printed = capsys.readouterr()
    assert "no guest runs" in cells(printed.out)
    assert printed.err.startswith("warning: running a guest on w1: ")


def test_where_guests_are_off_no_machine_is_asked(
    machines: Machines, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wanting(monkeypatch, "off")
    assert program.main("lab") == 0
    assert GUEST not in {file for _, file, *_ in machines.ran}
    assert cells(capsys.readouterr().out) == ["off"] * len(NAMES)


@pytest.mark.parametrize(("said", "shown"), [("error: no\n", "error: no"), ("", "exit status 1")])
def test_a_machine_that_cannot_be_asked_to_run_one_is_a_fault(
    machines: Machines, capsys: pytest.CaptureFixture[str], said: str, shown: str
) -> None:
    machines.guests["w1"] = Answer(1, "", said)
    assert program.main("lab") == 1
    printed = capsys.readouterr()
    assert printed.err.rstrip() == f"error: running a guest on w1: {shown}"
    assert cells(printed.out)[1] == "-"
