"""`python -m doctor <stack>`: prints the table, then every difference, with 1 as its end when there is one."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from components.step import Step
from components.steps.cluster import certificates, verification
from components.steps.node import inspection, virtualization
from config import ConfigError, LabConfig, NodeConfig
from config.load import load_file
from doctor import host, table
from doctor.machine import Answer, run
from doctor.state import Connection, connections, host_passwords, placed
from doctor.virtualization import Finding, finding

AT_ONCE = 16
CERTIFICATES = Step(certificates.STEP.file, timeout_seconds=120, argument=certificates.SHOW)
COMPARISON = Step(verification.STEP.file, timeout_seconds=300, argument=verification.COMPARE)
PROOF = Step(verification.STEP.file, timeout_seconds=1500, argument=verification.PROVE_HANDLERS)


class DoctorError(Exception):
    """What keeps the doctor from looking at all; its text is for the user."""


def read_state(stack: str) -> dict[str, Connection]:
    """The machines of a stack. Raises DoctorError with Pulumi's own words."""
    return connections(_exported(stack))


def read_targets(stack: str) -> tuple[dict[str, str], dict[str, str]]:
    """The passwords of a stack's targets, and on which its machines are. Raises DoctorError with Pulumi's own words."""
    exported = _exported(stack)
    return host_passwords(exported), placed(exported)


def _exported(stack: str) -> Any:
    command = ["pulumi", "stack", "export", "--show-secrets", "--non-interactive", "--stack", stack]
    try:
        exported = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise DoctorError(f"reading the state of stack {stack}: found no pulumi on PATH; run: make setup") from None
    if exported.returncode != 0:
        raise DoctorError(
            f"reading the state of stack {stack}: {exported.stderr.strip()}; run: make demo STACK={stack}"
        )
    return json.loads(exported.stdout)


def inspect(machines: Mapping[str, Connection]) -> dict[str, Answer]:
    """Every machine's own facts, of many at once."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = pool.map(lambda node: run(machines[node], inspection.STEP, inspection.environment(node)), machines)
        return dict(zip(machines, answers, strict=True))


def run_guests(
    config: LabConfig, nodes: Sequence[NodeConfig], machines: Mapping[str, Connection]
) -> dict[str, Finding]:
    """By node, whether virtual machines run on it; those that should have none are not asked."""
    asked = [node for node in nodes if node.machine.nested_virtualization != "off"]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = pool.map(
            lambda node: run(machines[node.name], virtualization.STEP, virtualization.environment(node)), asked
        )
        known = dict(zip((node.name for node in asked), answers, strict=True))
    return {node.name: finding(node, config.site, known.get(node.name)) for node in nodes}


@dataclass(frozen=True, slots=True)
class Findings:
    """What is printed: the table, what is wrong, and what will be."""

    table: str
    faults: list[str]
    warnings: list[str]


def examine(config: LabConfig, known: Mapping[str, Connection]) -> Findings:
    """What there is to say of a lab. Raises DoctorError when no control plane can be asked."""
    faults = [
        f"error: looking for {node.name}: it is declared and has no machine yet; run: pulumi up --stack {config.stack}"
        for node in config.nodes
        if node.name not in known
    ]
    nodes = [node for node in config.running if node.name in known]
    answers = inspect({node.name: known[node.name] for node in nodes})
    for node, answer in answers.items():
        if answer.status != 0:
            faults.append(f"error: inspecting {node} at {known[node].host}: {last_words(answer)}")
    control_planes = [node.name for node in config.control_planes if node.name in known]
    if not control_planes:
        raise DoctorError("\n".join(faults))
    asked = next((name for name in control_planes if answers[name].status == 0), control_planes[0])
    inspected = [node for node in nodes if answers[node.name].status == 0]
    environment = verification.environment(
        config.cluster,
        inspected,
        {node.name: _address(node, known[node.name]) for node in nodes},
        "".join(answers[node.name].stdout for node in inspected),
    )
    compared = run(known[asked], COMPARISON, environment)
    if compared.status != 0:
        faults += last_words(compared).splitlines()
    warnings = _warnings_of_certificates(config, asked, known, faults)
    virtual = run_guests(config, inspected, known)
    faults += [found.line for found in virtual.values() if found.is_fault]
    warnings += [found.line for found in virtual.values() if found.line and not found.is_fault]
    rows = [[*row, virtual[row[0]].cell] for row in table.parse(compared.stdout)]
    handlers = prove_handlers(known[asked], environment, faults)
    return Findings(table.render(rows) + handlers, faults, warnings)


def _address(node: NodeConfig, connection: Connection) -> str:
    """By which other nodes reach a node's machine."""
    return (node.existing.node_address if node.existing else None) or connection.host


def prove_handlers(control_plane: Connection, environment: Mapping[str, str], faults: list[str]) -> str:
    """What was proven of the handlers, as a table; empty where no node has one. What was not becomes faults."""
    if not environment["HANDLER_PROOFS"]:
        return ""
    proven = run(control_plane, PROOF, environment)
    if proven.status != 0:
        faults += last_words(proven).splitlines()
    rows = table.parse(proven.stdout)
    return f"\n{table.render(rows, table.OF_HANDLERS)}" if rows else ""


def _warnings_of_certificates(
    config: LabConfig, asked: str, known: Mapping[str, Connection], faults: list[str]
) -> list[str]:
    """What is said of the cluster's certificates; that they could not be looked at becomes one of the faults."""
    node = next(node for node in config.nodes if node.name == asked)
    environment = certificates.environment(node, config.cluster, _address(node, known[asked]), 0)
    shown = run(known[asked], CERTIFICATES, environment)
    if shown.status != 0:
        faults += last_words(shown).splitlines()
        return []
    said = certificates.warning(config.cluster, certificates.end(shown.stdout), datetime.now(UTC))
    return [f"warning: {said}"] if said else []


def last_words(answer: Answer) -> str:
    """Why a script failed, as it or ssh says it; one that waited in vain for another step to end says nothing."""
    return answer.stderr.strip() or f"error: exit status {answer.status} and no word; look for a step that still runs"


def main(stack: str) -> int:
    """Print to stdout what was found and to stderr what is wrong; the exit status is 1 then."""
    try:
        config = load_file(Path("stacks") / f"Pulumi.{stack}.yaml", os.environ)
        known = read_state(stack)
        targets = host.asked(config)
        is_told = not targets or (len(targets) == 1 and targets[0].password is not None)
        passwords, on_targets = ({}, {}) if is_told else read_targets(stack)
    except (ConfigError, DoctorError) as error:
        print(error, file=sys.stderr)
        return 1
    faults, warnings = host.lines(host.findings(config, passwords, on_targets))
    try:
        found = examine(config, known)
    except DoctorError as error:
        found = Findings("", [str(error)], [])
    print(found.table, end="")
    for line in (*warnings, *found.warnings, *faults, *found.faults):
        print(line, file=sys.stderr)
    return 1 if faults or found.faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
