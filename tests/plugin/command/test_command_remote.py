"""Commands on another machine."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.plugin.command.driver import REMOTE, CommandFailedError, Plugin, urn_of
from tests.plugin.command.fake_engine import FakeEngine, LogLine
from tests.plugin.command.ssh_server import SshServer
from tests.plugin.command.wire import is_secret, revealed, secret

NOWHERE = {"host": "127.0.0.1", "port": 1, "dialErrorLimit": 0}


def test_a_creation_runs_create_and_keeps_what_it_printed(plugin: Plugin, server: SshServer) -> None:
    created = plugin.create(REMOTE, {"connection": server.connection(), "create": "echo out; echo err >&2"})
    assert created.state["stdout"] == "out"
    assert created.state["stderr"] == "err"
    assert created.id


def test_each_creation_has_an_id_of_its_own(plugin: Plugin) -> None:
    first, second = (plugin.create(REMOTE, {"connection": NOWHERE, "delete": "true"}) for _ in range(2))
    assert first.id != second.id


@pytest.mark.parametrize(("printed", "kept"), [(r"a\n\n", "a\n"), (" a", " a"), (r"\n", "")])
def test_just_one_newline_is_cut_from_the_end(plugin: Plugin, server: SshServer, printed: str, kept: str) -> None:
    created = plugin.create(REMOTE, {"connection": server.connection(), "create": f"printf '{printed}'"})
    assert created.state["stdout"] == kept


def test_the_connection_and_secret_inputs_stay_secret_in_the_state(plugin: Plugin, server: SshServer) -> None:
    connection = server.connection()
    created = plugin.create(REMOTE, {"connection": connection, "create": "cat", "stdin": secret("hunter2")})
    assert is_secret(created.state["connection"])
    assert revealed(created.state["connection"]).items() >= connection.items()
    assert created.state["stdin"] == secret("hunter2")


def test_a_creation_without_a_command_connects_to_nothing(plugin: Plugin) -> None:
    created = plugin.create(REMOTE, {"connection": NOWHERE, "delete": "true"})
    assert created.state["stdout"] == ""


def test_an_update_runs_update(plugin: Plugin, server: SshServer) -> None:
    inputs = {"connection": server.connection(), "create": "echo created", "update": "echo updated"}
    updated = plugin.update(plugin.create(REMOTE, inputs), {**inputs, "stdin": "x"})
    assert updated.state["stdout"] == "updated"


def test_an_update_without_update_runs_create_again(plugin: Plugin, server: SshServer) -> None:
    inputs = {"connection": server.connection(), "create": "echo one"}
    updated = plugin.update(plugin.create(REMOTE, inputs), {**inputs, "create": "echo two"})
    assert updated.state["stdout"] == "two"


def test_an_update_without_any_command_keeps_the_outputs(plugin: Plugin, server: SshServer) -> None:
    old = plugin.create(REMOTE, {"connection": server.connection(), "create": "echo one"})
    updated = plugin.update(old, {"connection": server.connection(), "delete": "true"})
    assert (updated.state["stdout"], updated.state["stderr"]) == ("one", "")


def test_a_refresh_changes_nothing(plugin: Plugin, server: SshServer) -> None:
    created = plugin.create(REMOTE, {"connection": server.connection(), "create": "echo one", "stdin": secret("s")})
    assert plugin.read(created) == created


def test_a_deletion_runs_delete(plugin: Plugin, server: SshServer, tmp_path: Path) -> None:
    inputs = {"connection": server.connection(), "create": "true", "delete": f"touch {tmp_path / 'deleted'}"}
    plugin.delete(plugin.create(REMOTE, inputs))
    assert (tmp_path / "deleted").exists()


def test_a_deletion_without_delete_connects_to_nothing(plugin: Plugin, server: SshServer) -> None:
    created = plugin.create(REMOTE, {"connection": server.connection(), "create": "true"})
    server.stop()
    plugin.delete(created)


def test_stdin_reaches_the_command_whole(plugin: Plugin, server: SshServer) -> None:
    stdin = "".join(f"line {number}\n" for number in range(60_000))
    created = plugin.create(REMOTE, {"connection": server.connection(), "create": "wc -c -l", "stdin": secret(stdin)})
    assert created.state["stdout"].split() == ["60000", str(len(stdin))]


def test_a_script_on_stdin_runs(plugin: Plugin, server: SshServer) -> None:
    script = 'set -eu\nname=world\necho "hello $name"\n'
    created = plugin.create(REMOTE, {"connection": server.connection(), "create": "bash -s # greet", "stdin": script})
    assert created.state["stdout"] == "hello world"


def test_without_stdin_the_command_reads_nothing(plugin: Plugin, server: SshServer) -> None:
    created = plugin.create(REMOTE, {"connection": server.connection(), "create": "cat; echo end"})
    assert created.state["stdout"] == "end"


def test_a_failure_tells_status_command_and_all_that_was_printed(plugin: Plugin, server: SshServer) -> None:
    create = "echo out; echo err >&2; exit 3"
    with pytest.raises(CommandFailedError) as failure:
        plugin.create(REMOTE, {"connection": server.connection(), "create": create})
    head, _, printed = str(failure.value).partition("\n")
    assert head == f'Process exited with status 3: running "{create}":'
    assert sorted(printed.splitlines()) == ["err", "out"]


def test_a_failed_delete_is_an_error(plugin: Plugin, server: SshServer) -> None:
    created = plugin.create(REMOTE, {"connection": server.connection(), "create": "true", "delete": "exit 4"})
    with pytest.raises(CommandFailedError, match='Process exited with status 4: running "exit 4":'):
        plugin.delete(created)


def test_a_failed_update_runs_just_once(plugin: Plugin, server: SshServer, tmp_path: Path) -> None:
    old = plugin.create(REMOTE, {"connection": server.connection(), "create": "true"})
    update = f"echo run >> {tmp_path / 'runs'}; exit 1"
    with pytest.raises(CommandFailedError):
        plugin.update(old, {"connection": server.connection(), "create": "true", "update": update})
    assert (tmp_path / "runs").read_text() == "run\n"


def test_the_environment_reaches_the_command_where_the_server_takes_it(plugin: Plugin, server: SshServer) -> None:
    inputs = {"connection": server.connection(), "create": "echo $GREETING", "environment": {"GREETING": "hello"}}
    assert plugin.create(REMOTE, inputs).state["stdout"] == "hello"


def test_an_environment_that_the_server_refuses_is_an_error_and_nothing_runs(
    plugin: Plugin, server: SshServer, tmp_path: Path
) -> None:
    inputs = {"connection": server.connection(), "create": f"touch {tmp_path / 'ran'}", "environment": {"OTHER": "x"}}
    with pytest.raises(CommandFailedError, match='could not set environment variable "OTHER"'):
        plugin.create(REMOTE, inputs)
    assert not (tmp_path / "ran").exists()


def test_the_previous_output_is_in_the_environment_where_the_server_takes_it(plugin: Plugin, server: SshServer) -> None:
    inputs = {"connection": server.connection(), "create": 'echo "was ${PULUMI_COMMAND_STDOUT:-nothing}"'}
    updated = plugin.update(plugin.create(REMOTE, inputs), {**inputs, "stdin": "x"})
    assert updated.state["stdout"] == "was was nothing"


def test_the_previous_output_is_in_the_environment_of_delete(plugin: Plugin, server: SshServer, tmp_path: Path) -> None:
    delete = f'printf %s "$PULUMI_COMMAND_STDOUT, $PULUMI_COMMAND_STDERR" > {tmp_path / "last"}'
    inputs = {"connection": server.connection(), "create": "echo one; echo warned >&2", "delete": delete}
    plugin.delete(plugin.create(REMOTE, inputs))
    assert (tmp_path / "last").read_text() == "one, warned"


def test_a_refused_previous_output_is_just_a_warning(
    plugin: Plugin, engine: FakeEngine, new_server: Callable[..., SshServer]
) -> None:
    strict = new_server()
    strict.start()
    inputs = {"connection": strict.connection(), "create": "echo one", "logging": "none"}
    updated = plugin.update(plugin.create(REMOTE, inputs), {**inputs, "create": "echo two"})
    assert updated.state["stdout"] == "two"
    assert [line.severity for line in engine.lines] == ["WARNING"]
    assert "PULUMI_COMMAND_STDOUT" in engine.messages[0]


def test_the_previous_output_is_left_out_on_demand(
    plugin: Plugin, engine: FakeEngine, new_server: Callable[..., SshServer]
) -> None:
    strict = new_server()
    strict.start()
    inputs = {
        "connection": strict.connection(),
        "create": "echo one",
        "addPreviousOutputInEnv": False,
        "logging": "none",
    }
    plugin.update(plugin.create(REMOTE, inputs), {**inputs, "create": "echo two"})
    assert engine.lines == []


@pytest.mark.parametrize(
    ("logging", "shown"),
    [
        (None, {"out", "err"}),
        ("stdout", {"out"}),
        ("stderr", {"err"}),
        ("stdoutAndStderr", {"out", "err"}),
        ("none", set()),
    ],
)
def test_logging_chooses_what_is_shown(
    plugin: Plugin, engine: FakeEngine, server: SshServer, logging: str | None, shown: set[str]
) -> None:
    chosen = {} if logging is None else {"logging": logging}
    # A pause between the streams: both could otherwise be cut into lines together.
    create = "echo out; sleep 0.2; echo err >&2"
    created = plugin.create(REMOTE, {"connection": server.connection(), "create": create, **chosen})
    assert set(engine.messages) == shown
    assert created.state["stdout"] == "out"
    assert created.state["stderr"] == "err"


def test_a_line_is_shown_on_its_resource_while_the_command_still_runs(
    plugin: Plugin, engine: FakeEngine, server: SshServer, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    create = f"echo waiting; while ! test -e {gate}; do sleep 0.05; done; echo through"
    with ThreadPoolExecutor() as pool:
        running = pool.submit(plugin.create, REMOTE, {"connection": server.connection(), "create": create})
        try:
            engine.wait_for("waiting")
            assert not running.done()
        finally:
            gate.touch()
        running.result()
    assert engine.lines[0] == LogLine("INFO", urn_of(REMOTE), "waiting", ephemeral=True)
    assert engine.messages == ["waiting", "through"]


def test_a_long_output_is_kept_whole(plugin: Plugin, server: SshServer) -> None:
    create = "seq 200000"
    created = plugin.create(REMOTE, {"connection": server.connection(), "create": create, "logging": "none"})
    assert created.state["stdout"].splitlines()[-1] == "200000"
    assert len(created.state["stdout"].splitlines()) == 200_000


def test_many_commands_run_at_the_same_time(plugin: Plugin, server: SshServer) -> None:
    def run(number: int) -> str:
        created = plugin.create(REMOTE, {"connection": server.connection(), "create": f"echo {number}"})
        return str(created.state["stdout"])

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(run, range(16))) == [str(number) for number in range(16)]
