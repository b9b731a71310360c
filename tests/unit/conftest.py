"""These tests need nothing but Python, its packages, a shell and git: those that need more are marked `host`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

EVERYWHERE = {"bash", "git", "sh", "sleep"}


@pytest.fixture(autouse=True)
def plain_machine(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A test that starts a program which only some machines have fails on all of them, unless it is marked `host`."""
    if request.node.get_closest_marker("host"):
        return
    own = (tmp_path_factory.getbasetemp().resolve(), Path(sys.prefix), Path(sys.base_prefix))
    start = subprocess.Popen.__init__

    def started(self: Any, command: Any, *rest: Any, **options: Any) -> None:
        program = str(command if isinstance(command, str | os.PathLike) else command[0])
        found = shutil.which(program, path=(options.get("env") or os.environ).get("PATH"))
        if found is not None and Path(found).name not in EVERYWHERE:
            assert any(Path(found).is_relative_to(folder) for folder in own), (
                f"{found} is not on every machine: mark the test as host, or give it a stand-in"
            )
        start(self, command, *rest, **options)

    monkeypatch.setattr(subprocess.Popen, "__init__", started)
