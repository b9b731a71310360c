"""The pretended machine on which each test runs its step."""

from pathlib import Path

import pytest

from tests.shell.guest.machine import Guest


@pytest.fixture
def guest(tmp_path: Path) -> Guest:
    """A fresh worker, w1, prepared by cloud-init and nothing else."""
    return Guest(tmp_path / "guest")
