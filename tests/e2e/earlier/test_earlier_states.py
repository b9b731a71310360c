"""Today's program on states that earlier programs left: it goes on with their machines. Needs no lab."""

import re
from pathlib import Path

import pytest

from tests.e2e.earlier.kept import STATES, restored

KEPT = sorted(state.parent.name for state in STATES.glob("*/state.json"))
MACHINE = "kubelab:index:VirtualMachine"


def rows(output: str) -> list[tuple[str, str, str]]:
    """What a preview prints of each resource that would change: sign, type, name."""
    return re.findall(r"^ *([-+~]{1,2}) +([\w:]+) (\S+)", output, re.M)


def test_a_state_is_kept() -> None:
    assert KEPT, "make one: python -m tests.e2e.earlier.keep"


@pytest.mark.parametrize("name", KEPT)
def test_a_state_of_an_earlier_program_is_gone_on_with(name: str, tmp_path: Path) -> None:
    project = restored(STATES / name, tmp_path)
    assert f"{MACHINE}::" in project.state()
    output = project.pulumi("preview").output
    found = rows(output)
    assert [row for row in found if "-" in row[0] or row[0] == "++"] == [], output
    assert [row for row in found if row[0] == "+" and row[1].startswith("kubelab:index:")] == [], output
    assert re.search(r"\d+ unchanged", output), output
