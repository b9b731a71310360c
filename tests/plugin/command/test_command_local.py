"""Commands on the machine that runs pulumi."""

import hashlib
from pathlib import Path

import pytest

from tests.plugin.command.driver import LOCAL, CommandFailedError, Plugin
from tests.plugin.command.fake_engine import FakeEngine
from tests.plugin.command.wire import ARCHIVE, SIGNATURE, file_asset, secret


def test_a_creation_runs_create_and_keeps_what_it_printed(plugin: Plugin) -> None:
    created = plugin.create(LOCAL, {"create": "echo out; echo err >&2"})
    assert created.state == {"create": "echo out; echo err >&2", "stdout": "out", "stderr": "err"}


def test_each_creation_has_an_id_of_its_own(plugin: Plugin) -> None:
    first, second = plugin.create(LOCAL, {"create": "true"}), plugin.create(LOCAL, {"create": "true"})
    assert first.id
    assert first.id != second.id


def test_just_one_newline_is_cut_from_the_end(plugin: Plugin) -> None:
    assert plugin.create(LOCAL, {"create": r"printf 'a\n\n\n'"}).state["stdout"] == "a\n\n"
    assert plugin.create(LOCAL, {"create": "printf ' a'"}).state["stdout"] == " a"


def test_a_creation_without_a_command_runs_nothing(plugin: Plugin) -> None:
    assert plugin.create(LOCAL, {"delete": "true"}).state["stdout"] == ""


def test_an_update_runs_update(plugin: Plugin) -> None:
    old = plugin.create(LOCAL, {"create": "echo created", "update": "echo updated"})
    updated = plugin.update(old, {"create": "echo created", "update": "echo updated", "stdin": "x"})
    assert updated.state["stdout"] == "updated"


def test_an_update_without_update_runs_create_again(plugin: Plugin) -> None:
    old = plugin.create(LOCAL, {"create": "echo one"})
    assert plugin.update(old, {"create": "echo two"}).state["stdout"] == "two"


def test_an_update_without_any_command_keeps_the_outputs(plugin: Plugin) -> None:
    old = plugin.create(LOCAL, {"create": "echo one"})
    assert plugin.update(old, {"delete": "true"}).state == {"delete": "true", "stdout": "one", "stderr": ""}


def test_a_deletion_runs_delete(plugin: Plugin, tmp_path: Path) -> None:
    plugin.delete(plugin.create(LOCAL, {"create": "true", "delete": f"touch {tmp_path / 'deleted'}"}))
    assert (tmp_path / "deleted").exists()


def test_a_deletion_without_delete_runs_nothing(plugin: Plugin, tmp_path: Path) -> None:
    created = plugin.create(LOCAL, {"create": f"echo run >> {tmp_path / 'runs'}"})
    plugin.delete(created)
    assert (tmp_path / "runs").read_text() == "run\n"


def test_a_refresh_changes_nothing(plugin: Plugin) -> None:
    created = plugin.create(LOCAL, {"create": "echo one", "stdin": secret("s")})
    assert plugin.read(created) == created


def test_stdin_reaches_the_command(plugin: Plugin) -> None:
    assert plugin.create(LOCAL, {"create": "cat", "stdin": "a\nb"}).state["stdout"] == "a\nb"


def test_without_stdin_the_command_reads_nothing(plugin: Plugin) -> None:
    assert plugin.create(LOCAL, {"create": "cat; echo end"}).state["stdout"] == "end"


def test_the_environment_is_added_to_the_plugins_own(plugin: Plugin) -> None:
    created = plugin.create(LOCAL, {"create": 'echo "$GREETING ${PATH:+path}"', "environment": {"GREETING": "hello"}})
    assert created.state["stdout"] == "hello path"


def test_the_interpreter_can_be_chosen(plugin: Plugin) -> None:
    created = plugin.create(LOCAL, {"create": "print(6 * 7)", "interpreter": ["python3", "-c"]})
    assert created.state["stdout"] == "42"


def test_the_directory_can_be_chosen(plugin: Plugin, tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    created = plugin.create(LOCAL, {"create": "pwd", "dir": str(tmp_path / "inside")})
    assert created.state["stdout"] == str(tmp_path / "inside")


def test_a_directory_that_does_not_exist_is_an_error(plugin: Plugin, tmp_path: Path) -> None:
    with pytest.raises(CommandFailedError, match="no such file or directory"):
        plugin.create(LOCAL, {"create": "pwd", "dir": str(tmp_path / "nowhere")})


def test_a_failure_tells_status_command_and_all_that_was_printed(plugin: Plugin) -> None:
    with pytest.raises(CommandFailedError) as failure:
        plugin.create(LOCAL, {"create": "echo out; echo err >&2; exit 3"})
    head, _, printed = str(failure.value).partition("\n")
    assert head == 'exit status 3: running "echo out; echo err >&2; exit 3":'
    # Two streams: which comes first is up to the scheduler.
    assert sorted(printed.splitlines()) == ["err", "out"]


def test_a_failed_delete_is_an_error(plugin: Plugin) -> None:
    with pytest.raises(CommandFailedError, match="exit status 4"):
        plugin.delete(plugin.create(LOCAL, {"create": "true", "delete": "exit 4"}))


def test_the_previous_output_is_in_the_environment_of_update_and_delete(plugin: Plugin, tmp_path: Path) -> None:
    inputs = {
        "create": "echo one; echo warned >&2",
        "update": 'echo "was $PULUMI_COMMAND_STDOUT, $PULUMI_COMMAND_STDERR"',
        "delete": f'printf %s "$PULUMI_COMMAND_STDOUT" > {tmp_path / "last"}',
    }
    updated = plugin.update(plugin.create(LOCAL, inputs), {**inputs, "stdin": "x"})
    assert updated.state["stdout"] == "was one, warned"
    plugin.delete(updated)
    assert (tmp_path / "last").read_text() == "was one, warned"


def test_the_previous_output_is_left_out_on_demand(plugin: Plugin) -> None:
    inputs = {"create": 'echo "[$PULUMI_COMMAND_STDOUT]"', "addPreviousOutputInEnv": False}
    updated = plugin.update(plugin.create(LOCAL, inputs), {**inputs, "stdin": "x"})
    assert updated.state["stdout"] == "[]"


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
    plugin: Plugin, engine: FakeEngine, logging: str | None, shown: set[str]
) -> None:
    chosen = {} if logging is None else {"logging": logging}
    created = plugin.create(LOCAL, {"create": "echo out; echo err >&2", **chosen})
    assert set(engine.messages) == shown
    assert created.state["stdout"] == "out"
    assert created.state["stderr"] == "err"


def test_files_are_collected_by_patterns(plugin: Plugin, tmp_path: Path) -> None:
    create = "mkdir -p build/deep; echo a > build/a.js; echo s > build/secret.js; echo b > build/deep/b.txt"
    created = plugin.create(
        LOCAL,
        {"create": create, "dir": str(tmp_path), "assetPaths": ["build/**", "!**secret*"], "archivePaths": ["**.js"]},
    )
    assert created.state["assets"] == {
        "build/a.js": file_asset(tmp_path / "build/a.js", hashlib.sha256(b"a\n").hexdigest()),
        "build/deep/b.txt": file_asset(tmp_path / "build/deep/b.txt", hashlib.sha256(b"b\n").hexdigest()),
    }
    archive = created.state["archive"]
    assert archive[SIGNATURE] == ARCHIVE
    assert archive["assets"].keys() == {"build/a.js", "build/secret.js"}
