"""Labs to load, laid out as files."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.config.lab_folder import MINIMAL, LabFolder


@pytest.fixture
def lab_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], LabFolder]:
    """Lays out the files of a case, with the minimal ones for those it lacks."""

    def lay_out(case: Path) -> LabFolder:
        folder = LabFolder(tmp_path)
        folder.stack.parent.mkdir()
        for target in (folder.stack, folder.site):
            own = case / target.name
            shutil.copyfile(own if own.exists() else MINIMAL / target.name, target)
        monkeypatch.chdir(tmp_path)
        return folder

    return lay_out


@pytest.fixture
def minimal(lab_folder: Callable[[Path], LabFolder]) -> LabFolder:
    """The smallest lab there is."""
    return lab_folder(MINIMAL)
