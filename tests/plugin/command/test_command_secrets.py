"""No secret is ever shown."""

from pathlib import Path
from typing import Any

import pytest

from tests.plugin.command.driver import REMOTE, CommandFailedError, Plugin
from tests.plugin.command.fake_engine import FakeEngine
from tests.plugin.command.ssh_server import SshServer, new_key_pair
from tests.plugin.command.wire import secret

PASSWORD = "correct-horse-battery"


def secrets_of(connection: dict[str, Any]) -> list[str]:
    """The password, and the lines of the private key."""
    key_lines = [line for line in str(connection["privateKey"]).splitlines() if not line.startswith("-----")]
    return [PASSWORD, *key_lines]


def shown(engine: FakeEngine, *errors: object) -> str:
    return "\n".join([*engine.messages, *map(str, errors)])


def test_a_run_shows_neither_credentials_nor_stdin(
    plugin: Plugin, engine: FakeEngine, server: SshServer, tmp_path: Path
) -> None:
    connection = server.connection(password=PASSWORD)
    inputs = {"connection": connection, "create": f"cat > {tmp_path / 'got'}; echo done", "stdin": secret(PASSWORD)}
    plugin.create(REMOTE, inputs)
    assert (tmp_path / "got").read_text() == PASSWORD
    for text in secrets_of(connection):
        assert text not in shown(engine)
    assert "done" in shown(engine)


def test_a_failed_command_shows_neither_credentials_nor_stdin(
    plugin: Plugin, engine: FakeEngine, server: SshServer
) -> None:
    connection = server.connection(password=PASSWORD)
    with pytest.raises(CommandFailedError) as failure:
        plugin.create(
            REMOTE, {"connection": connection, "create": "cat > /dev/null; exit 1", "stdin": secret(PASSWORD)}
        )
    for text in secrets_of(connection):
        assert text not in shown(engine, failure.value)


def test_failed_logins_show_no_credentials(plugin: Plugin, engine: FakeEngine, server: SshServer) -> None:
    connection = server.connection(privateKey=new_key_pair().private, password=PASSWORD, dialErrorLimit=1)
    with pytest.raises(CommandFailedError) as failure:
        plugin.create(REMOTE, {"connection": connection, "create": "true"})
    for text in secrets_of(connection):
        assert text not in shown(engine, failure.value)
    assert "Dial 1/1 failed" in shown(engine)


def test_a_wrong_type_is_reported_without_the_value(plugin: Plugin) -> None:
    checked = plugin.check(REMOTE, {"connection": {"host": "h", "password": [PASSWORD]}})
    assert checked.failures
    assert PASSWORD not in str(checked.failures)


def test_a_secret_stdin_is_in_no_process_list(plugin: Plugin, server: SshServer, tmp_path: Path) -> None:
    listing = tmp_path / "processes"
    create = f"cat > /dev/null; cat /proc/[0-9]*/cmdline /proc/self/environ > {listing} 2> /dev/null; true"
    plugin.create(REMOTE, {"connection": server.connection(), "create": create, "stdin": secret(PASSWORD)})
    processes = listing.read_bytes()
    assert b"sshd" in processes
    assert PASSWORD.encode() not in processes
