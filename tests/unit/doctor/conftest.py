"""A lab whose machines are pretended."""

from pathlib import Path

import pytest

from doctor import __main__ as program
from doctor import host
from tests.unit.components.labs import MIXED as LAB
from tests.unit.doctor.machines import KNOWN, Machines


@pytest.fixture
def machines(monkeypatch: pytest.MonkeyPatch) -> Machines:
    """All well, unless a test says otherwise."""
    pretended = Machines()
    monkeypatch.setattr(program, "run", pretended.run)
    monkeypatch.setattr(program, "load_file", lambda path, _: LAB if path == Path("stacks/Pulumi.lab.yaml") else None)
    monkeypatch.setattr(program, "read_state", lambda stack: KNOWN if stack == "lab" else {})
    monkeypatch.setattr(program, "read_targets", lambda _: ({}, {}))
    monkeypatch.setattr(host, "findings", lambda *_: [])
    return pretended
