"""The sandbox stack's nodes, asked by ssh as `make doctor` asks them: on the rig and on a real host alike."""

import re

from tests.e2e.machine import Machine
from tests.e2e.project import Project

PREFIX = "e2e-sandbox-"
CONTROL_PLANE, W1, W2, W3 = (f"{PREFIX}{name}" for name in ("cp1", "w1", "w2", "w3"))
CLASS = "gvisor"
LABEL = f"handler.kubelab.dev/{CLASS}"
FOLDER = "/opt/gvisor"


def asked(project: Project, node: str, command: str) -> str:
    """What a command says that root runs on a node; it must succeed."""
    return Machine(project, node).run(command)


def rows(output: str) -> dict[tuple[str, str], list[str]]:
    """The table of handlers that the doctor prints: node and handler -> the rest of the row."""
    table = output.partition("KERNEL INSIDE")[2]
    found = [re.split(r"\s{2,}", line.strip()) for line in table.splitlines() if line.startswith(PREFIX)]
    return {(row[0], row[1]): row[2:] for row in found}
