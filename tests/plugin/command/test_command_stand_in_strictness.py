"""Where the stand-in is stricter or sturdier than the vendor's plugin."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from tests.plugin.command.driver import REMOTE, CommandFailedError, Plugin, urn_of
from tests.plugin.command.fake_engine import FakeEngine
from tests.plugin.command.ssh_server import SshServer, free_port, new_key_pair


def long_line(length: int) -> str:
    return f"head -c {length} /dev/zero | tr '\\0' x; echo"


@pytest.mark.parametrize("length", [65_535, 65_536, 65_537, 1_000_000])
def test_a_line_of_any_length_is_kept_whole_and_shown_in_pieces(
    stand_in: Plugin, engine: FakeEngine, server: SshServer, length: int
) -> None:
    created = stand_in.create(REMOTE, {"connection": server.connection(), "create": long_line(length)})
    assert created.state["stdout"] == "x" * length
    assert "".join(engine.messages) == "x" * length
    assert max(map(len, engine.messages)) <= 65_536


def test_bytes_that_are_no_text_are_replaced_and_the_run_counts(
    stand_in: Plugin, engine: FakeEngine, server: SshServer
) -> None:
    created = stand_in.create(REMOTE, {"connection": server.connection(), "create": r"printf 'a\377b\n'"})
    assert created.state["stdout"] == "a\ufffdb"
    assert engine.messages == ["a\ufffdb"]


def test_a_command_need_not_read_its_input(stand_in: Plugin, server: SshServer) -> None:
    stdin = "x" * 4_000_000
    created = stand_in.create(REMOTE, {"connection": server.connection(), "create": "echo done", "stdin": stdin})
    assert created.state["stdout"] == "done"


def test_another_host_key_is_not_tried_again(stand_in: Plugin, engine: FakeEngine, server: SshServer) -> None:
    connection = server.connection(hostKey=new_key_pair().public, dialErrorLimit=-1)
    with pytest.raises(CommandFailedError, match=r"host key mismatch: .* presents ssh-ed25519 SHA256:.* expected"):
        stand_in.create(REMOTE, {"connection": connection, "create": "true"})
    assert engine.messages == []


def test_a_host_key_of_a_type_that_the_server_lacks_is_a_mismatch(stand_in: Plugin, server: SshServer) -> None:
    other = new_key_pair("ecdsa-sha2-nistp256").public
    with pytest.raises(CommandFailedError, match="host key mismatch"):
        stand_in.create(REMOTE, {"connection": server.connection(hostKey=other, dialErrorLimit=-1), "create": "true"})


def test_an_rsa_host_key_is_verified(stand_in: Plugin, new_server: Callable[..., SshServer]) -> None:
    server = new_server(host_key_algorithm="ssh-rsa")
    server.start()
    assert (
        stand_in.create(REMOTE, {"connection": server.connection(), "create": "echo hello"}).state["stdout"] == "hello"
    )


@pytest.fixture
def beside_dead_agent(stand_in_binary: Path, engine: FakeEngine, tmp_path: Path) -> Any:
    plugin = Plugin(stand_in_binary, engine.address, tmp_path, {"SSH_AUTH_SOCK": str(tmp_path / "dead")})
    yield plugin
    plugin.stop()


def test_a_dead_agent_of_the_session_does_not_matter_beside_a_key(beside_dead_agent: Plugin, server: SshServer) -> None:
    created = beside_dead_agent.create(REMOTE, {"connection": server.connection(), "create": "echo hello"})
    assert created.state["stdout"] == "hello"


def test_a_dead_agent_of_the_session_is_an_error_without_other_credentials(
    beside_dead_agent: Plugin, server: SshServer
) -> None:
    with pytest.raises(CommandFailedError, match="reaching the ssh agent"):
        beside_dead_agent.create(REMOTE, {"connection": server.connection(privateKey=None), "create": "true"})


def test_a_retry_tells_why(stand_in: Plugin, engine: FakeEngine) -> None:
    nowhere = {"host": "127.0.0.1", "port": free_port(), "password": "x", "dialErrorLimit": 1}
    with pytest.raises(CommandFailedError):
        stand_in.create(REMOTE, {"connection": nowhere, "create": "true"})
    assert len(engine.messages) == 1
    assert "connection refused" in engine.messages[0]


def test_a_previous_output_that_no_variable_can_hold_is_left_out_with_a_warning(
    stand_in: Plugin, engine: FakeEngine, server: SshServer
) -> None:
    update = 'echo "[$PULUMI_COMMAND_STDOUT]"'
    connection = server.connection()
    inputs = {"connection": connection, "create": long_line(200_000), "update": update, "logging": "none"}
    updated = stand_in.update(stand_in.create(REMOTE, inputs), {**inputs, "stdin": "x"})
    assert updated.state["stdout"] == "[]"
    assert [line.severity for line in engine.lines] == ["WARNING"]


def test_unknown_properties_are_refused_by_name_and_never_shown(stand_in: Plugin) -> None:
    checked = stand_in.check(REMOTE, {"connection": {"host": "h", "private_key": "hunter2"}, "crate": "true"})
    assert checked.failures.keys() == {"connection.private_key", "crate"}
    assert "privateKey" in checked.failures["connection.private_key"]
    assert "hunter2" not in str(checked.failures)


@pytest.mark.parametrize("triggers", [["b"], ["a", "b"], [], [{"deep": "b"}]], ids=str)
def test_a_changed_trigger_is_a_replacement_whatever_the_sdk_asks_for(stand_in: Plugin, triggers: list[Any]) -> None:
    inputs = {"connection": {"host": "127.0.0.1"}, "delete": "true"}
    old = stand_in.create(REMOTE, {**inputs, "triggers": ["a"]})
    assert stand_in.diff(old, {**inputs, "triggers": triggers}).replace_by_plugin


def test_all_faults_are_reported_at_once(stand_in: Plugin) -> None:
    checked = stand_in.check(REMOTE, {"connection": {"port": "22"}, "create": 1, "logging": "loud"})
    assert checked.failures.keys() == {"connection.host", "connection.port", "create", "logging"}
    assert "stdoutAndStderr" in checked.failures["logging"]


@pytest.mark.parametrize("token", ["command:local:Command", "command:remote:CopyToRemote"])
@pytest.mark.parametrize("method", ["Check", "Create"])
def test_the_packages_other_resources_are_refused_with_what_to_use(stand_in: Plugin, method: str, token: str) -> None:
    request = getattr(provider_pb2, f"{method}Request")(urn=urn_of(token))
    with pytest.raises(CommandFailedError, match=f"{token} is not provided by this stand-in.*only {REMOTE}"):
        stand_in.call(method, request)


def test_an_import_is_refused(stand_in: Plugin) -> None:
    with pytest.raises(CommandFailedError, match="cannot be imported"):
        stand_in.call("Read", provider_pb2.ReadRequest(id="x", urn=urn_of(REMOTE)))


def test_started_by_hand_the_plugin_tells_who_starts_it(stand_in_binary: Path) -> None:
    result = subprocess.run([str(stand_in_binary)], capture_output=True, text=True, timeout=30, check=False)
    assert result.returncode == 1
    assert "pulumi starts this plugin itself" in result.stderr
    assert "goroutine" not in result.stderr
