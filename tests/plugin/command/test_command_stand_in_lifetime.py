"""The stand-in ends what it began: with its engine, on cancel, after a time limit, and its connections always."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.plugin.command.conftest import PROJECT
from tests.plugin.command.driver import REMOTE, CommandFailedError, Plugin
from tests.plugin.command.fake_engine import FakeEngine
from tests.plugin.command.in_process_server import WAIT, InProcessServer
from tests.plugin.command.ssh_server import SshServer, wait_until

# "Within seconds", with room for a busy machine.
END_LIMIT = 20


def ended(pid: int) -> bool:
    """A process that nobody has waited for yet counts as ended too."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def pid_in(file: Path) -> int:
    wait_until(lambda: file.exists() and file.read_text().endswith("\n"), f"{file.name} holds a pid")
    return int(file.read_text())


@dataclass
class EngineProcess:
    """An engine as a process of its own, parent of nobody."""

    process: subprocess.Popen[str]
    address: str

    def stop_serving(self) -> None:
        """The process lives on, its service does not."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(file=self.process.stdin, flush=True)
        assert self.process.stdout.readline() == "stopped\n"


@pytest.fixture
def engine_process() -> Iterator[EngineProcess]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.plugin.command.fake_engine"],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        yield EngineProcess(process, process.stdout.readline().strip())
        process.kill()


@pytest.fixture
def orphan_to_be(stand_in_binary: Path, engine: FakeEngine, tmp_path: Path) -> Iterator[tuple[int, int]]:
    """A parent process and the plugin that it started, by pid."""
    script = f"{stand_in_binary} {engine.address} & echo $! > {tmp_path / 'plugin'}; wait"
    process = subprocess.Popen(["/bin/sh", "-c", script], stdout=subprocess.PIPE)
    plugin = pid_in(tmp_path / "plugin")
    assert process.stdout is not None
    # Its port: from here on it knows its parent.
    assert process.stdout.readline()
    yield process.pid, plugin
    for pid in (process.pid, plugin):
        if not ended(pid):
            os.kill(pid, signal.SIGKILL)
    process.wait()


def test_the_plugin_ends_when_its_parent_is_killed(orphan_to_be: tuple[int, int]) -> None:
    parent, plugin = orphan_to_be
    os.kill(parent, signal.SIGKILL)
    wait_until(lambda: ended(plugin), "the plugin ended", END_LIMIT)


def test_the_plugin_ends_when_the_engines_service_is_gone(
    stand_in_binary: Path, engine_process: EngineProcess, tmp_path: Path
) -> None:
    plugin = Plugin(stand_in_binary, engine_process.address, tmp_path)
    engine_process.process.kill()
    assert plugin.process.wait(END_LIMIT) == 0
    plugin.stop()


def test_the_plugin_lives_as_long_as_the_engine(plugin_beside_engine: Plugin, server: SshServer) -> None:
    inputs = {"connection": server.connection(), "create": "sleep 7; echo alive"}
    assert plugin_beside_engine.create(REMOTE, inputs).state["stdout"] == "alive"


@pytest.fixture
def plugin_beside_engine(stand_in_binary: Path, engine_process: EngineProcess, tmp_path: Path) -> Iterator[Plugin]:
    plugin = Plugin(stand_in_binary, engine_process.address, tmp_path)
    yield plugin
    plugin.stop()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as pool:
        yield pool


@pytest.fixture
def waiting_server() -> Iterator[InProcessServer]:
    server = InProcessServer()
    yield server
    server.stop()


def test_remote_commands_are_told_to_end_with_the_engine(
    stand_in: Plugin, engine: FakeEngine, waiting_server: InProcessServer, pool: ThreadPoolExecutor
) -> None:
    running = pool.submit(stand_in.create, REMOTE, {"connection": waiting_server.connection(), "create": WAIT})
    engine.wait_for(f"ran {WAIT}")
    engine.stop()
    with pytest.raises(CommandFailedError):
        running.result()
    assert waiting_server.signals == ["TERM"]


def test_cancel_tells_a_running_remote_command_to_end(
    stand_in: Plugin, engine: FakeEngine, waiting_server: InProcessServer, pool: ThreadPoolExecutor
) -> None:
    running = pool.submit(stand_in.create, REMOTE, {"connection": waiting_server.connection(), "create": WAIT})
    engine.wait_for(f"ran {WAIT}")
    stand_in.cancel()
    with pytest.raises(CommandFailedError, match=f'cancelled.*: running "{WAIT}":\nran {WAIT}'):
        running.result()
    assert waiting_server.signals == ["TERM"]


def test_cancel_ends_dialling(stand_in: Plugin, engine: FakeEngine, pool: ThreadPoolExecutor) -> None:
    nowhere = {"host": "127.0.0.1", "port": 1, "password": "x", "dialErrorLimit": -1}
    running = pool.submit(stand_in.create, REMOTE, {"connection": nowhere, "create": "true"})
    engine.wait_for("Dial 1/inf failed")
    stand_in.cancel()
    with pytest.raises(CommandFailedError, match=r"cancelled.*last failure: .*connection refused"):
        running.result()


def test_a_time_limit_ends_a_running_remote_command(stand_in: Plugin, waiting_server: InProcessServer) -> None:
    with pytest.raises(CommandFailedError, match=f'timed out after 1s: running "{WAIT}":\nran {WAIT}'):
        stand_in.create(REMOTE, {"connection": waiting_server.connection(), "create": WAIT}, timeout=1)
    assert waiting_server.signals == ["TERM"]


def test_a_time_limit_ends_dialling_without_limit(stand_in: Plugin) -> None:
    nowhere = {"host": "127.0.0.1", "port": 1, "password": "x", "dialErrorLimit": -1}
    with pytest.raises(CommandFailedError, match=r"timed out after 1s.*last failure: .*connection refused"):
        stand_in.create(REMOTE, {"connection": nowhere, "create": "true"}, timeout=1)


def test_the_plugin_ends_when_it_is_told_to(stand_in: Plugin) -> None:
    stand_in.process.send_signal(signal.SIGINT)
    assert stand_in.process.wait(END_LIMIT) == 0


def test_every_connection_is_closed_after_its_command(stand_in: Plugin, server: SshServer) -> None:
    connection = server.connection()
    stand_in.create(REMOTE, {"connection": connection, "create": "true"})
    with pytest.raises(CommandFailedError):
        stand_in.create(REMOTE, {"connection": connection, "create": "false"})
    assert server.log.count("Connection from") == 2
    wait_until(lambda: server.sessions == [], "all connections are closed")


def test_the_connection_to_a_proxy_is_closed_too(
    stand_in: Plugin, server: SshServer, new_server: Callable[..., SshServer]
) -> None:
    gate = new_server()
    gate.start()
    stand_in.create(REMOTE, {"connection": server.connection(proxy=gate.connection()), "create": "true"})
    wait_until(lambda: server.sessions == gate.sessions == [], "all connections are closed")
    assert "Connection from" in gate.log


def test_an_engine_that_takes_no_log_lines_does_not_stop_a_command(
    plugin_beside_engine: Plugin, engine_process: EngineProcess, server: SshServer
) -> None:
    engine_process.stop_serving()
    created = plugin_beside_engine.create(REMOTE, {"connection": server.connection(), "create": "echo one; echo two"})
    assert created.state["stdout"] == "one\ntwo"
