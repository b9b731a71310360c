"""How the machines of a stack are reached, read from its exported state."""

import json
from pathlib import Path

import pytest

from doctor import __main__ as program
from doctor.state import Connection, connections, plain
from tests.unit.doctor.state_of import HOST_KEY, PRIVATE_KEY, command, exported, opened, urn


def test_every_machine_is_reached_as_its_own_steps_are() -> None:
    state = exported(command("cp1", "cp1-init"), command("w1", "w1-join"), command("cp1", "w1-membership"))
    assert connections(state) == {
        name: Connection(f"{name}.test", "lab", PRIVATE_KEY, f"{HOST_KEY} {name}") for name in ("cp1", "w1")
    }


def test_a_connection_that_is_a_secret_as_a_whole_is_opened_too() -> None:
    step = command("w1", "w1-join")
    step["inputs"]["connection"] = opened(step["inputs"]["connection"])
    assert connections(exported(step))["w1"].private_key == PRIVATE_KEY


def test_what_lives_with_the_cluster_names_no_machine() -> None:
    """It runs on whichever control plane answers."""
    membership = command("cp1", "w1-membership")
    membership["deletedWith"] = urn("kubelab:cluster:Cluster", "cluster")
    assert connections(exported(membership)) == {}


def test_a_stack_that_was_never_built_has_no_machine() -> None:
    assert connections({"version": 3, "deployment": {"manifest": {}}}) == {}
    assert connections(exported()) == {}


def test_a_command_that_belongs_to_no_machine_is_passed_over() -> None:
    step = command("w1", "somebody-elses")
    del step["deletedWith"]
    assert connections(exported(step)) == {}


def test_secrets_are_opened_wherever_they_are_and_everything_else_is_left() -> None:
    value = {"a": [opened("text"), {"b": opened({"c": 1, "d": [True]})}], "e": None, "plaintext": "no secret"}
    assert plain(value) == {"a": ["text", {"b": {"c": 1, "d": [True]}}], "e": None, "plaintext": "no secret"}


def fake_pulumi(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str, status: int) -> Path:
    """A pulumi that prints a text, to stdout or as its error, and keeps its arguments."""
    pulumi, printed, arguments = folder / "pulumi", folder / "printed", folder / "arguments"
    printed.write_text(text)
    pulumi.write_text(f'#!/bin/sh\necho "$@" >{arguments}\ncat {printed} >&{1 if status == 0 else 2}\nexit {status}\n')
    pulumi.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    return arguments


def test_the_state_is_read_with_its_secrets_and_without_a_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = json.dumps(exported(command("cp1", "cp1-init")))
    arguments = fake_pulumi(tmp_path, monkeypatch, state, 0)
    assert program.read_state("lab")["cp1"].private_key == PRIVATE_KEY
    words = arguments.read_text().split()
    assert words[:2] == ["stack", "export"]
    assert {"--show-secrets", "--non-interactive", "--stack", "lab"} <= set(words)


def test_a_state_that_cannot_be_read_is_told_in_pulumis_words_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_pulumi(tmp_path, monkeypatch, "error: no stack named 'lab' found\n", 255)
    with pytest.raises(program.DoctorError) as refusal:
        program.read_state("lab")
    assert "no stack named 'lab' found; run: make demo STACK=lab" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_shell_without_pulumi_is_told_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(program.DoctorError, match="no pulumi on PATH; run: make setup"):
        program.read_state("lab")


def test_a_machine_that_exists_is_reached_at_its_own_port() -> None:
    step = command("w1", "w1-join")
    step["deletedWith"] = urn("kubelab:index:ExistingMachine", "w1")
    step["inputs"]["connection"]["port"] = 2222.0
    assert connections(exported(step)) == {
        "w1": Connection("w1.test", "lab", PRIVATE_KEY, f"{HOST_KEY} w1", 2222),
    }
