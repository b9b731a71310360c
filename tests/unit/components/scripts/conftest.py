"""A folder of scripts that a test may change."""

import shutil
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
