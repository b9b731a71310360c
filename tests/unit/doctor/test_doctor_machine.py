"""A script on a machine by ssh, with a stand-in for ssh that keeps what it is given."""

import json
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from components.step import LOCK, Step, render_stdin
from doctor.machine import Answer, run, ssh_command
from doctor.state import Connection
from tests.unit.doctor.state_of import HOST_KEY, PRIVATE_KEY

CONNECTION = Connection("w1.test", "lab", PRIVATE_KEY, HOST_KEY)
FILE, ENVIRONMENT = "80-inspect-node.sh", {"NODE_NAME": "w1", "SOCKETS": "unix:///run/crio/crio.sock"}
FAKE_SSH = """#!{python}
import json, os, pathlib, sys
arguments = sys.argv[1:]
options = dict(word.split("=", 1) for word in arguments if "=" in word and not word.startswith("sudo"))
key = pathlib.Path(arguments[arguments.index("-i") + 1])
kept = {{
    "arguments": arguments,
    "environment": dict(os.environ),
    "options": options,
    "stdin": sys.stdin.read(),
    "key": key.read_text(),
    "key_mode": oct(key.stat().st_mode & 0o777),
    "folder_mode": oct(key.parent.stat().st_mode & 0o777),
    "key_path": str(key),
    "known_hosts": pathlib.Path(options["UserKnownHostsFile"]).read_text(),
}}
pathlib.Path({kept!r}).write_text(json.dumps(kept))
print("w1 answering cri-o 1.36.3")
print("what it said", file=sys.stderr)
sys.exit({status})
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """What ssh was given."""

    arguments: list[str]
    environment: dict[str, str]
    options: dict[str, str]
    stdin: str
    key: str
    key_mode: str
    folder_mode: str
    key_path: str
    known_hosts: str


def called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int = 0, argument: str = "") -> tuple[Answer, Kept]:
    """Run a script by the stand-in, which ends with that status."""
    kept = tmp_path / "kept.json"
    ssh = tmp_path / "bin" / "ssh"
    ssh.parent.mkdir()
    ssh.write_text(FAKE_SSH.format(python=sys.executable, kept=str(kept), status=status))
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{ssh.parent}{os.pathsep}{os.environ['PATH']}")
    answer = run(CONNECTION, Step(FILE, 300, argument=argument), ENVIRONMENT)
    return answer, Kept(**json.loads(kept.read_text()))


def test_a_script_is_run_as_its_step_runs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer, kept = called(tmp_path, monkeypatch)
    assert kept.arguments[-2] == "lab@w1.test"
    assert kept.arguments[-1].startswith("sudo -n flock ")
    assert LOCK in kept.arguments[-1]
    assert FILE in kept.arguments[-1]
    assert kept.stdin == render_stdin(FILE, ENVIRONMENT)
    assert answer == Answer(0, "w1 answering cri-o 1.36.3\n", "what it said\n")


def test_an_argument_reaches_the_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, kept = called(tmp_path, monkeypatch, argument="compare")
    assert " bash -s -- compare " in kept.arguments[-1]


def test_the_host_key_is_that_of_the_machine_and_no_other_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, kept = called(tmp_path, monkeypatch)
    assert kept.options["StrictHostKeyChecking"] == "yes"
    assert kept.known_hosts == f"w1.test {HOST_KEY}\n"
    assert kept.options["GlobalKnownHostsFile"] == os.devnull


def test_another_port_is_dialled_and_its_host_key_known_by_it(tmp_path: Path) -> None:
    command = ssh_command(replace(CONNECTION, port=2222), "true", tmp_path)
    assert command[command.index("-p") + 1] == "2222"
    assert (tmp_path / "known_hosts").read_text() == f"[w1.test]:2222 {HOST_KEY}\n"


def test_the_private_key_is_in_a_file_of_its_owner_alone_and_nowhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, kept = called(tmp_path, monkeypatch)
    assert kept.key == f"{PRIVATE_KEY}\n"
    assert (kept.key_mode, kept.folder_mode) == ("0o600", "0o700")
    seen = "\n".join([*kept.arguments, *kept.environment.values(), kept.stdin])
    assert "the-private-key" not in seen


def test_the_key_is_gone_when_all_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, kept = called(tmp_path, monkeypatch)
    assert not Path(kept.key_path).parent.exists()


def test_nothing_of_the_users_own_ssh_takes_part_and_nobody_is_asked_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, kept = called(tmp_path, monkeypatch)
    assert kept.arguments[:2] == ["-F", os.devnull]
    assert kept.options["IdentitiesOnly"] == "yes"
    assert kept.options["BatchMode"] == "yes"
    assert int(kept.options["ConnectTimeout"]) > 0


def test_a_machine_that_cannot_be_reached_is_an_answer_and_no_exception(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, _ = called(tmp_path, monkeypatch, status=255)
    assert (answer.status, answer.stderr) == (255, "what it said\n")
