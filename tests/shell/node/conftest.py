"""What the installations of runtimes fetch, and machines that they are done on."""

from collections.abc import Mapping

import pytest

from tests.shell.guest.machine import Guest
from tests.shell.node import ubuntu_machines as ubuntu
from tests.shell.node.reset_machines import Join, make_worker, set_up
from tests.shell.steps import INSTALL_RUNTIME
from tests.shell.world import WORDS


@pytest.fixture
def downloads(guest: Guest) -> None:
    """What the installations of the runtimes fetch."""
    for step in INSTALL_RUNTIME.values():
        step.prepare(guest)


@pytest.fixture(scope="session")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Guest]:
    """Fresh machines made workers, one with each runtime."""
    made = {word: Guest(tmp_path_factory.mktemp(word) / "guest") for word in WORDS}
    for word, guest in made.items():
        set_up(guest)
        make_worker(guest, word)
    return made


@pytest.fixture
def join(guest: Guest, workers: Mapping[str, Guest]) -> Join:
    """Makes the machine a worker with this runtime."""
    return lambda word: guest.become(workers[word])


@pytest.fixture(params=ubuntu.RELEASES)
def release(request: pytest.FixtureRequest, guest: Guest) -> str:
    """Each release of Ubuntu, booted on the machine."""
    ubuntu.boot(guest, str(request.param))
    return str(request.param)
