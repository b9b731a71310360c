"""A preview tells, and touches nothing."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.plugin.command.driver import REMOTE, Plugin, Resource
from tests.plugin.command.ssh_server import SshServer
from tests.plugin.command.wire import UNKNOWN, is_secret, secret

NOWHERE = {"host": "127.0.0.1", "port": 1, "dialErrorLimit": 0}


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A port that would notice a connection: `accept` raises BlockingIOError as long as there was none."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener


def connection_to(listener: socket.socket) -> dict[str, Any]:
    return {"host": "127.0.0.1", "port": listener.getsockname()[1], "password": "hunter2", "dialErrorLimit": 0}


def test_the_preview_of_a_creation_never_connects(plugin: Plugin, listener: socket.socket) -> None:
    plugin.create(REMOTE, {"connection": connection_to(listener), "create": "true"}, preview=True)
    with pytest.raises(BlockingIOError):
        listener.accept()


def test_the_preview_of_an_update_never_connects(plugin: Plugin, listener: socket.socket) -> None:
    inputs = {"connection": connection_to(listener), "create": "true"}
    old = Resource(REMOTE, "step1", inputs, {**inputs, "stdout": "", "stderr": ""})
    plugin.update(old, {**inputs, "create": "false"}, preview=True)
    with pytest.raises(BlockingIOError):
        listener.accept()


def test_the_preview_of_a_creation_does_not_know_what_will_be_printed(plugin: Plugin) -> None:
    inputs = {"connection": NOWHERE, "create": "echo hello", "stdin": secret("s")}
    previewed = plugin.create(REMOTE, inputs, preview=True)
    assert previewed.state["stdout"] == UNKNOWN
    assert previewed.state["stderr"] == UNKNOWN
    assert previewed.state["create"] == "echo hello"
    assert previewed.state["stdin"] == secret("s")


def test_the_preview_of_a_creation_takes_what_is_not_known_yet(plugin: Plugin) -> None:
    inputs = {"connection": secret({"host": UNKNOWN}), "create": UNKNOWN, "triggers": [UNKNOWN]}
    previewed = plugin.create(REMOTE, inputs, preview=True)
    assert previewed.state["create"] == UNKNOWN
    assert previewed.state["triggers"] == [UNKNOWN]
    assert is_secret(previewed.state["connection"])


def test_the_preview_of_an_update_does_not_know_what_will_be_printed(plugin: Plugin) -> None:
    inputs = {"connection": NOWHERE, "create": "echo one"}
    old = Resource(REMOTE, "step1", inputs, {**inputs, "stdout": "one", "stderr": ""})
    previewed = plugin.update(old, {**inputs, "create": "echo two"}, preview=True)
    assert previewed.state["stdout"] == UNKNOWN
    assert previewed.state["create"] == "echo two"


def test_a_preview_runs_nothing(plugin: Plugin, server: SshServer, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    connection = server.connection()
    old = plugin.create(REMOTE, {"connection": connection, "create": "true"})
    plugin.create(REMOTE, {"connection": connection, "create": f"touch {mark}"}, preview=True)
    plugin.update(old, {"connection": connection, "create": f"touch {mark}"}, preview=True)
    assert not mark.exists()


def test_the_preview_of_an_update_that_runs_nothing_knows_the_outputs(plugin: Plugin) -> None:
    inputs = {"connection": NOWHERE, "delete": "true"}
    old = Resource(REMOTE, "step1", inputs, {**inputs, "stdout": "one", "stderr": ""})
    assert plugin.update(old, {**inputs, "delete": "false"}, preview=True).state["stdout"] == "one"
