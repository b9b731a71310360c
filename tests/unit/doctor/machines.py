"""The machines of a lab that `make doctor` asks, pretended."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from components.step import Step, check_environment
from doctor import __main__ as program
from doctor.machine import Answer
from doctor.state import Connection
from tests.unit.components.labs import MIXED as LAB
from tests.unit.doctor.state_of import HOST_KEY, PRIVATE_KEY

NAMES = [node.name for node in LAB.nodes]
KNOWN = {name: Connection(f"{name}.test", "lab", PRIVATE_KEY, HOST_KEY) for name in NAMES}
INSPECT, COMPARE, CERTIFICATES = "80-inspect-node.sh", "90-verify-cluster.sh", "41-renew-certificates.sh"
GUEST = "81-show-virtualization.sh"
UNREACHABLE = Answer(255, "", "ssh: connect to host w1.test port 22: No route to host\n")


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


def without(monkeypatch: pytest.MonkeyPatch, *missing: str) -> None:
    """These nodes have no machine yet."""
    known = {name: connection for name, connection in KNOWN.items() if name not in missing}
    monkeypatch.setattr(program, "read_state", lambda _: known)
