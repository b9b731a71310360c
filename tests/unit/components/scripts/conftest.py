"""A folder of scripts that a test may change."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from components import step


@pytest.fixture
def scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of scripts of our own, with the real prelude, that a test may change."""
    folder = tmp_path / "scripts"
    shutil.copytree(step.SCRIPTS, folder)
    monkeypatch.setattr(step, "SCRIPTS", folder)
    return folder


@pytest.fixture
def in_next_run(scripts: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Adds a text to the end of a script, as the next run reads it: one run reads each script once."""

    def add(file: str, text: str) -> None:
        folder = step.SCRIPTS.with_name(f"{step.SCRIPTS.name}-next")
        shutil.copytree(step.SCRIPTS, folder)
        monkeypatch.setattr(step, "SCRIPTS", folder)
        (place,) = folder.rglob(file)
        place.write_text(f"{place.read_text()}{text}")

    assert scripts == step.SCRIPTS
    return add
