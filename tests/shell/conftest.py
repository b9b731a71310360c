"""The pretended machine on which each test runs its step."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.shell.guest import Guest
from tests.shell.reset_machines import Join, make_worker, set_up
from tests.shell.world import WORDS


@pytest.fixture
def guest(tmp_path: Path) -> Guest:
    """A fresh worker, w1, prepared by cloud-init and nothing else."""
    return Guest(tmp_path / "guest")


@pytest.fixture(scope="session")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Guest]:
    """Such a machine made a worker, one with each runtime."""
    made = {word: Guest(tmp_path_factory.mktemp(word) / "guest") for word in WORDS}
    for word, guest in made.items():
        set_up(guest)
        make_worker(guest, word)
    return made


@pytest.fixture
def join(guest: Guest, workers: Mapping[str, Guest]) -> Join:
    """Makes the machine a worker with this runtime."""
    return lambda word: guest.become(workers[word])
