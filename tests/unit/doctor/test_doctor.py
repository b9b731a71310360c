"""make doctor, its machines pretended: what it prints, and when it ends with 1."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from components.steps.cluster import verification
from components.steps.node import inspection
from config import ConfigError, LabConfig, Problem
from doctor import __main__ as program
from doctor import table
from doctor.machine import Answer
from tests.unit.components import labs
from tests.unit.components.handlers.declared import handler
from tests.unit.components.labs import MIXED as LAB
from tests.unit.doctor.machines import (
    COMPARE,
    INSPECT,
    KNOWN,
    NAMES,
    UNREACHABLE,
    Machines,
    agreement,
    facts,
    in_days,
    without,
)

DISAGREEMENT = Answer(
    1,
    "cp1\tcontainerd\ta\tb\tc\td\te\n",
    "comparing w1: crictl's socket is a, and the kubelet's is b\nerror: comparing: 1 differences, above\n",
)


def test_a_lab_that_agrees_is_a_row_for_every_node_and_ends_with_0(
    machines: Machines, capsys: pytest.CaptureFixture[str]
) -> None:
    assert program.main("lab") == 0
    printed = capsys.readouterr()
    assert [line.split()[0] for line in printed.out.splitlines()] == ["NODE", *NAMES]
    assert printed.err == ""
    assert [(node, file) for node, file, *_ in machines.ran if file == COMPARE] == [("cp1", COMPARE)]


def test_every_node_is_asked_on_its_own_machine_and_compared_on_the_control_plane(machines: Machines) -> None:
    program.main("lab")
    inspected = {node: environment for node, file, _, environment in machines.ran if file == INSPECT}
    assert inspected == {name: inspection.environment(name) for name in NAMES}
    ((node, _, argument, environment),) = [ran for ran in machines.ran if ran[1] == COMPARE]
    assert (node, argument) == ("cp1", "compare")
    assert environment["NODES"] == "\n".join(f"{name} {name}.test" for name in NAMES)
    addresses = {name: f"{name}.test" for name in NAMES}
    assert environment == verification.environment(LAB.cluster, LAB.nodes, addresses, "".join(map(facts, NAMES)))


def test_a_disagreement_is_told_in_the_words_of_the_comparison_and_ends_with_1(
    machines: Machines, capsys: pytest.CaptureFixture[str]
) -> None:
    machines.compared = lambda _: DISAGREEMENT
    assert program.main("lab") == 1
    printed = capsys.readouterr()
    assert printed.err == DISAGREEMENT.stderr
    assert printed.out.splitlines()[1].startswith("cp1")


@pytest.mark.case("C17")
def test_certificates_that_end_soon_are_a_warning_and_no_fault(
    machines: Machines, capsys: pytest.CaptureFixture[str]
) -> None:
    machines.certificates = in_days(20)
    end = machines.certificates.stdout.strip()
    assert program.main("lab") == 0
    (warning,) = capsys.readouterr().err.splitlines()
    assert warning.startswith("warning: ")
    assert all(word in warning for word in (end, LAB.cluster.name, "pulumi up"))


def test_certificates_that_cannot_be_looked_at_are_a_fault(
    machines: Machines, capsys: pytest.CaptureFixture[str]
) -> None:
    machines.certificates = Answer(1, "", "error: kubeadm certs check-expiration on cp1 names no date\n")
    assert program.main("lab") == 1
    assert "names no date" in capsys.readouterr().err


def test_a_node_without_a_machine_is_told_and_the_others_are_looked_at_all_the_same(
    machines: Machines, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    without(monkeypatch, "w2")
    assert program.main("lab") == 1
    printed = capsys.readouterr()
    assert [line.split()[0] for line in printed.out.splitlines()] == ["NODE", "cp1", "w1"]
    (fault,) = printed.err.splitlines()
    assert fault.startswith("error: looking for w2: ")
    assert "run: pulumi up" in fault
    assert "w2" not in {node for node, *_ in machines.ran}


def test_a_machine_that_cannot_be_reached_is_told_and_the_others_are_looked_at(
    machines: Machines, capsys: pytest.CaptureFixture[str]
) -> None:
    machines.inspected["w1"] = UNREACHABLE
    assert program.main("lab") == 1
    printed = capsys.readouterr()
    assert [line.split()[0] for line in printed.out.splitlines()] == ["NODE", "cp1", "w2"]
    assert printed.err == f"error: inspecting w1 at w1.test: {UNREACHABLE.stderr}"


def test_the_first_control_plane_that_answers_compares(machines: Machines, monkeypatch: pytest.MonkeyPatch) -> None:
    second = replace(labs.node("cp2"), role="controlPlane")
    monkeypatch.setattr(program, "load_file", lambda *_: replace(LAB, nodes=(*LAB.nodes, second)))
    monkeypatch.setattr(program, "read_state", lambda _: {**KNOWN, "cp2": replace(KNOWN["cp1"], host="cp2.test")})
    machines.inspected["cp1"] = UNREACHABLE
    program.main("lab")
    assert [node for node, file, *_ in machines.ran if file == COMPARE] == ["cp2"]


def test_without_a_control_plane_there_is_nobody_to_ask(
    machines: Machines, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    without(monkeypatch, "cp1")
    assert program.main("lab") == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: looking for cp1: ")
    assert COMPARE not in {file for _, file, *_ in machines.ran}


@pytest.mark.parametrize("file", [INSPECT, COMPARE])
def test_a_failure_without_a_word_is_no_agreement(
    machines: Machines, capsys: pytest.CaptureFixture[str], file: str
) -> None:
    """So ends a script that waited in vain for another step on its machine."""
    if file == INSPECT:
        machines.inspected["w1"] = Answer(1, "", "")
    else:
        machines.compared = lambda _: Answer(1, "", "")
    assert program.main("lab") == 1
    assert "exit status 1" in capsys.readouterr().err


def test_what_a_machine_says_beside_an_agreement_is_no_fault(
    machines: Machines, capsys: pytest.CaptureFixture[str]
) -> None:
    machines.compared = lambda environment: Answer(
        0, agreement(environment).stdout, "sudo: unable to resolve host cp1\n"
    )
    assert program.main("lab") == 0
    assert capsys.readouterr().err == ""


def test_faults_of_the_stack_are_told_before_any_machine_is_asked(
    machines: Machines, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def faulty(_: Path, __: Mapping[str, str]) -> LabConfig:
        raise ConfigError("lab", [Problem("Pulumi.lab.yaml", "kubelab:cluster/runtime", "found 'rkt'")])

    monkeypatch.setattr(program, "load_file", faulty)
    assert program.main("lab") == 1
    assert "found 'rkt'" in capsys.readouterr().err
    assert machines.ran == []


PROVEN = Answer(0, "w2\tgvisor\t6.1.0\t4.19.0-gvisor\trunsc-sandbox\n", "")
NOT_PROVEN = Answer(
    1, PROVEN.stdout, "proving the handler gvisor on w2: is in no sandbox\nerror: proving the handlers: 1\n"
)


@pytest.mark.parametrize(("answer", "status"), [(PROVEN, 0), (NOT_PROVEN, 1)])
def test_handlers_are_proven_on_the_control_plane_and_have_a_table_of_their_own(
    machines: Machines,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    answer: Answer,
    status: int,
) -> None:
    nodes = (*LAB.nodes[:-1], replace(LAB.nodes[-1], handlers=(handler("gvisor"),)))
    monkeypatch.setattr(program, "load_file", lambda *_: replace(LAB, nodes=nodes))
    compare = machines.run
    monkeypatch.setattr(
        program,
        "run",
        lambda known, step, given: answer if step.argument == "handlers" else compare(known, step, given),
    )
    assert program.main("lab") == status
    printed = capsys.readouterr()
    assert re.split(r"\s{2,}", printed.out.splitlines()[-2]) == list(table.OF_HANDLERS)
    assert printed.out.splitlines()[-1].split()[:2] == ["w2", "gvisor"]
    assert printed.err == answer.stderr


def test_a_lab_without_handlers_is_not_asked_for_any(machines: Machines) -> None:
    program.main("lab")
    assert [argument for *_, argument, _ in machines.ran if argument == "handlers"] == []
