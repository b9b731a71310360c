"""make doctor, its machines pretended: what it prints, and when it ends with 1."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from components.step import Step, check_environment
from components.steps.cluster import verification
from components.steps.node import inspection, virtualization
from config import ConfigError, LabConfig, NestedVirtualization, Problem
from doctor import __main__ as program
from doctor import host
from doctor.machine import Answer
from doctor.state import Connection
from tests.unit.components import labs
from tests.unit.components.labs import MIXED as LAB
from tests.unit.doctor.state_of import HOST_KEY, PRIVATE_KEY

NAMES = [node.name for node in LAB.nodes]
KNOWN = {name: Connection(f"{name}.test", "lab", PRIVATE_KEY, HOST_KEY) for name in NAMES}
INSPECT, COMPARE, CERTIFICATES = "80-inspect-node.sh", "90-verify-cluster.sh", "41-renew-certificates.sh"
GUEST = "81-show-virtualization.sh"
NO_GUEST = Answer(0, "no vmx or svm in /proc/cpuinfo: this CPU has no virtualization\nlook at the machine\n", "")
UNREACHABLE = Answer(255, "", "ssh: connect to host w1.test port 22: No route to host\n")
DISAGREEMENT = Answer(
    1,
    "cp1\tcontainerd\ta\tb\tc\td\te\n",
    "comparing w1: crictl's socket is a, and the kubelet's is b\nerror: comparing: 1 differences, above\n",
)


def facts(node: str) -> str:
    return f"{node} answering something\n"


def row(node: str) -> str:
    return "\t".join([node, "declared", "configured", "answering 1.0", "reported", "x/y/z", "flannel"]) + "\n"


def agreement(environment: Mapping[str, str]) -> Answer:
    """One row for every node that is compared."""
    nodes = [line.split()[0] for line in environment["RUNTIMES"].splitlines()]
    return Answer(0, "".join(map(row, nodes)), "")


def in_days(days: int) -> Answer:
    """The first certificate ends after so many days."""
    return Answer(0, f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}\n", "")


@dataclass(slots=True)
class Machines:
    """The machines of the lab; those that are named answer otherwise. Keeps what was run."""

    inspected: dict[str, Answer] = field(default_factory=dict)
    compared: Callable[[Mapping[str, str]], Answer] = agreement
    guests: dict[str, Answer] = field(default_factory=dict)
    certificates: Answer = field(default_factory=lambda: in_days(800))
    ran: list[tuple[str, str, str, Mapping[str, str]]] = field(default_factory=list)

    def run(self, connection: Connection, step: Step, environment: Mapping[str, str]) -> Answer:
        assert step.timeout_seconds > 0
        check_environment(step.file, list(environment))
        node = connection.host.removesuffix(".test")
        self.ran.append((node, step.file, step.argument, environment))
        if step.file == INSPECT:
            return self.inspected.get(node, Answer(0, facts(node), ""))
        if step.file == GUEST:
            return self.guests.get(node, Answer(0, "", ""))
        if step.file == CERTIFICATES:
            assert step.argument == "show"
            return self.certificates
        return self.compared(environment)


@pytest.fixture
def machines(monkeypatch: pytest.MonkeyPatch) -> Machines:
    """All well, unless a test says otherwise."""
    pretended = Machines()
    monkeypatch.setattr(program, "run", pretended.run)
    monkeypatch.setattr(program, "load_file", lambda path, _: LAB if path == Path("stacks/Pulumi.lab.yaml") else None)
    monkeypatch.setattr(program, "read_state", lambda stack: KNOWN if stack == "lab" else {})
    monkeypatch.setattr(program, "read_password", lambda _: None)
    monkeypatch.setattr(host, "findings", lambda *_: [])
    return pretended


def without(monkeypatch: pytest.MonkeyPatch, *missing: str) -> None:
    """These nodes have no machine yet."""
    known = {name: connection for name, connection in KNOWN.items() if name not in missing}
    monkeypatch.setattr(program, "read_state", lambda _: known)


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
