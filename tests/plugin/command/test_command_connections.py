"""How a machine is reached, and how it is told that it cannot be."""

import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.plugin.command.driver import REMOTE, CommandFailedError, Plugin, Resource
from tests.plugin.command.fake_engine import FakeEngine
from tests.plugin.command.in_process_server import InProcessServer
from tests.plugin.command.ssh_server import SshServer, free_port, new_key_pair, wait_until


def run(plugin: Plugin, connection: dict[str, Any], create: str = "echo hello") -> Resource:
    return plugin.create(REMOTE, {"connection": connection, "create": create, "logging": "none"})


def written(private_key: str, file: Path) -> Path:
    file.touch(mode=0o600)
    file.write_text(private_key)
    return file


@pytest.fixture
def agent(server: SshServer, tmp_path: Path) -> Iterator[Path]:
    """The socket of an ssh agent that holds the client's key."""
    listening = tmp_path / "agent"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", str(listening)], stdout=subprocess.DEVNULL)
    try:
        key = written(server.client_key.private, tmp_path / "agent-key")
        wait_until(listening.exists, "the agent listens")
        environment = {**os.environ, "SSH_AUTH_SOCK": str(listening)}
        subprocess.run(["ssh-add", "-q", str(key)], env=environment, check=True)
        yield listening
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(params=[False, True], ids=["password", "keyboard-interactive"])
def password_server(request: pytest.FixtureRequest) -> Iterator[InProcessServer]:
    server = InProcessServer("hunter2", interactive=request.param)
    yield server
    server.stop()


def test_a_password_logs_in(plugin: Plugin, password_server: InProcessServer) -> None:
    created = run(plugin, password_server.connection(password="hunter2"), "hostname")
    assert created.state["stdout"] == "ran hostname"


def test_a_wrong_password_is_one_clear_error(plugin: Plugin, password_server: InProcessServer) -> None:
    with pytest.raises(CommandFailedError, match="unable to authenticate") as failure:
        run(plugin, password_server.connection(password="wrong-guess"))
    assert "wrong-guess" not in str(failure.value)


def test_an_encrypted_private_key_is_opened_with_its_password(
    plugin: Plugin, server: SshServer, tmp_path: Path
) -> None:
    key = written(server.client_key.private, tmp_path / "key")
    subprocess.run(["ssh-keygen", "-q", "-p", "-P", "", "-N", "opensesame", "-f", str(key)], check=True)
    connection = server.connection(privateKey=key.read_text(), privateKeyPassword="opensesame")
    assert run(plugin, connection).state["stdout"] == "hello"
    with pytest.raises(CommandFailedError):
        run(plugin, connection | {"privateKeyPassword": "closesesame"})


def test_a_private_key_that_is_none_is_an_error_that_does_not_show_it(plugin: Plugin, server: SshServer) -> None:
    with pytest.raises(CommandFailedError) as failure:
        run(plugin, server.connection(privateKey="hunter2 is no key"))
    assert "hunter2" not in str(failure.value)


def test_the_agents_keys_log_in(plugin: Plugin, server: SshServer, agent: Path) -> None:
    connection = server.connection(privateKey=None, agentSocketPath=str(agent))
    assert run(plugin, connection).state["stdout"] == "hello"


def test_an_agent_that_is_named_and_dead_is_an_error(plugin: Plugin, server: SshServer, tmp_path: Path) -> None:
    with pytest.raises(CommandFailedError, match="no such file or directory"):
        run(plugin, server.connection(privateKey=None, agentSocketPath=str(tmp_path / "nowhere")))


@pytest.mark.parametrize("algorithm", ["ssh-ed25519", "ecdsa-sha2-nistp256"])
def test_the_expected_host_key_is_accepted(
    plugin: Plugin, new_server: Callable[..., SshServer], algorithm: str
) -> None:
    server = new_server(host_key_algorithm=algorithm)
    server.start()
    assert run(plugin, server.connection()).state["stdout"] == "hello"


def test_without_a_host_key_any_server_is_accepted(plugin: Plugin, server: SshServer) -> None:
    assert run(plugin, server.connection(hostKey=None)).state["stdout"] == "hello"


def test_another_host_key_is_one_clear_error_and_nothing_runs(
    plugin: Plugin, server: SshServer, tmp_path: Path
) -> None:
    connection = server.connection(hostKey=new_key_pair().public, dialErrorLimit=0)
    with pytest.raises(CommandFailedError, match="host key mismatch"):
        run(plugin, connection, f"touch {tmp_path / 'ran'}")
    assert not (tmp_path / "ran").exists()
    assert "Accepted publickey" not in server.log


def test_a_host_key_that_is_none_is_an_error(plugin: Plugin, server: SshServer) -> None:
    with pytest.raises(CommandFailedError, match="failed to parse host key"):
        run(plugin, server.connection(hostKey="not a key"))


def test_a_wrong_key_is_tried_up_to_the_limit(plugin: Plugin, engine: FakeEngine, server: SshServer) -> None:
    with pytest.raises(CommandFailedError, match=r"after 2 failed attempts: .*unable to authenticate"):
        run(plugin, server.connection(privateKey=new_key_pair().private, dialErrorLimit=2))
    assert [message.partition(" failed")[0] for message in engine.messages] == ["Dial 1/2", "Dial 2/2"]
    assert "Accepted publickey" not in server.log


def test_a_limit_of_zero_means_a_single_attempt(plugin: Plugin, engine: FakeEngine) -> None:
    with pytest.raises(CommandFailedError, match="connection refused"):
        run(plugin, {"host": "127.0.0.1", "port": free_port(), "password": "x", "dialErrorLimit": 0})
    assert engine.messages == []


def test_a_machine_that_refuses_is_named_in_the_error(plugin: Plugin) -> None:
    port = free_port()
    with pytest.raises(CommandFailedError, match=f"127.0.0.1:{port}: connect: connection refused"):
        run(plugin, {"host": "127.0.0.1", "port": port, "password": "x", "dialErrorLimit": 1})


@pytest.mark.parametrize("limit", [-1, 200], ids=["without limit", "with a high limit"])
def test_a_machine_that_is_still_booting_is_waited_for(
    plugin: Plugin, engine: FakeEngine, new_server: Callable[..., SshServer], limit: int
) -> None:
    late = new_server()
    with ThreadPoolExecutor() as pool:
        running = pool.submit(run, plugin, late.connection(dialErrorLimit=limit))
        engine.wait_for("Dial 2/inf failed: retrying" if limit < 0 else f"Dial 2/{limit} failed: retrying")
        late.start()
        assert running.result().state["stdout"] == "hello"


def test_a_key_that_is_authorized_while_dialling_is_waited_for(
    plugin: Plugin, engine: FakeEngine, server: SshServer
) -> None:
    key = new_key_pair()
    with ThreadPoolExecutor() as pool:
        running = pool.submit(run, plugin, server.connection(privateKey=key.private, dialErrorLimit=-1))
        engine.wait_for("Dial 2/inf failed: retrying")
        server.authorize(key)
        assert running.result().state["stdout"] == "hello"


@pytest.fixture
def full_listener() -> Iterator[socket.socket]:
    """A port whose queue is full: the kernel answers no further connection."""
    with socket.socket() as listener, socket.socket() as queued:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        queued.connect(listener.getsockname())
        yield listener


def test_an_attempt_ends_after_the_dial_timeout(plugin: Plugin, full_listener: socket.socket) -> None:
    port = full_listener.getsockname()[1]
    with pytest.raises(CommandFailedError, match="i/o timeout"):
        run(plugin, {"host": "127.0.0.1", "port": port, "password": "x", "dialErrorLimit": 0, "perDialTimeout": 1})


def through(gate: SshServer, machine: SshServer, **changes: Any) -> dict[str, Any]:
    return machine.connection(proxy=gate.connection(dialErrorLimit=1) | changes)


@pytest.fixture
def gate(new_server: Callable[..., SshServer]) -> SshServer:
    gate = new_server()
    gate.start()
    return gate


def test_a_proxy_leads_to_the_machine_with_its_own_key_and_host_key(
    plugin: Plugin, gate: SshServer, server: SshServer
) -> None:
    assert run(plugin, through(gate, server)).state["stdout"] == "hello"
    assert "Accepted publickey" in gate.log
    assert "Accepted publickey" in server.log


def test_another_host_key_of_the_proxy_is_one_clear_error(plugin: Plugin, gate: SshServer, server: SshServer) -> None:
    with pytest.raises(CommandFailedError, match=r"proxy: .*host key mismatch"):
        run(plugin, through(gate, server, hostKey=new_key_pair().public))
    assert "Connection from" not in server.log


def test_another_host_key_behind_the_proxy_is_one_clear_error(
    plugin: Plugin, gate: SshServer, server: SshServer
) -> None:
    connection = through(gate, server) | {"hostKey": new_key_pair().public, "dialErrorLimit": 0}
    with pytest.raises(CommandFailedError, match="host key mismatch"):
        run(plugin, connection)
    assert "Accepted publickey" not in server.log


def test_a_proxy_that_cannot_be_reached_is_named(plugin: Plugin, gate: SshServer, server: SshServer) -> None:
    with pytest.raises(CommandFailedError, match=r"proxy: .*connection refused"):
        run(plugin, through(gate, server, port=free_port()))


def test_a_machine_that_the_proxy_cannot_reach_is_an_error(plugin: Plugin, gate: SshServer, server: SshServer) -> None:
    with pytest.raises(CommandFailedError, match=r"proxy: .*connect failed"):
        run(plugin, through(gate, server) | {"port": free_port(), "dialErrorLimit": 1})
