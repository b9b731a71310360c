"""The pure parts of a step: what a script declares, what is fed to it, and the command that runs it."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from components import step
from components.step import (
    ScriptError,
    check_environment,
    declared_inputs,
    read_script,
    read_step,
    render_command,
    render_stdin,
    sent,
)
from tests.unit.components.scripts import programs
from tests.unit.components.scripts.shipped import EACH, FILES, LIBRARIES, PLAIN

NASTY = {
    "QUOTES": """it's "quoted" `id` $(id) ${HOME} \\ \\n !history""",
    "LINES": "first\n\n  third with trailing space \n'\n",
    "OPTION": "-n -e",
    "GLOB": "* ? [a-z] ~ {a,b}",
    "UNICODE": "Grüße ✓ \u2028 \x1b[31m",
    "EMPTY": "",
    "ASSIGNMENT": "A=1; touch /tmp/kubelab-evil #",
}


def test_the_scripts_are_found() -> None:
    assert len(FILES) > 10
    assert len(LIBRARIES) > 2


def test_a_script_declares_its_inputs_and_which_may_be_empty() -> None:
    text = (
        ': "${ONE:?why}"\n: "${TWO_2?why; empty: none}"\n  : "${INNER:?not at the start}"\necho "${THREE:-default}"\n'
    )
    assert declared_inputs(text) == {"ONE": False, "TWO_2": True}


@EACH
def test_every_input_that_a_script_declares_is_used_in_it(file: str) -> None:
    text = read_step(file)
    for name in declared_inputs(text):
        assert len(re.findall(rf"\b{name}\b", text)) > 1, name


@EACH
def test_a_script_uses_no_variable_that_it_did_not_declare(file: str) -> None:
    text = read_step(file)
    given = set(declared_inputs(text))
    own = set(re.findall(r"^\s*(?:export )?([A-Z][A-Z0-9_]*)=", text, re.MULTILINE))
    system = {"EXIT", "ID", "VERSION_ID", "IFS", "SECONDS", "PPID", "STEP", "BASH_REMATCH", "PATH", "TIME_LIMIT"}
    for_libraries = {"SERVICE"}  # a script may set it; the library has a default
    assert set(re.findall(r"\$\{?([A-Z][A-Z0-9_]*)\b", text)) <= given | own | system | for_libraries


@pytest.mark.parametrize(
    ("given", "named"),
    [(["WORKER"], "WORKER_KEY"), (["WORKER", "WORKER_KEY", "TYPO"], "TYPO"), ([], "WORKER")],
    ids=["missing", "extra", "none"],
)
def test_a_missing_and_an_extra_variable_are_refused_with_both_lists(given: list[str], named: str) -> None:
    with pytest.raises(ScriptError) as refusal:
        check_environment(PLAIN, given)
    assert PLAIN in str(refusal.value)
    assert named in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_just_the_declared_variables_are_accepted_in_any_order() -> None:
    names = ["WORKER", "WORKER_KEY", "CERTIFICATE_HOURS", "INITIALISATION", "RENEWAL", "MACHINE"]
    check_environment(PLAIN, names)
    check_environment(PLAIN, names[::-1])


def test_a_script_that_does_not_exist_is_named() -> None:
    with pytest.raises(ScriptError, match=r"99-nothing\.sh"):
        read_script("99-nothing.sh")


@pytest.mark.parametrize("name", NASTY)
def test_a_value_arrives_as_it_was_given_and_is_never_run(scripts: Path, name: str) -> None:
    (scripts / step.LIBRARIES / "prelude.sh").write_text("")
    (scripts / "test.sh").write_text("main() { printf '%s' \"$VALUE\"; }\nmain </dev/null\n")
    stdin = render_stdin("test.sh", {"VALUE": NASTY[name]})
    shown = subprocess.run(["bash", "-s"], input=stdin.encode(), capture_output=True, check=True)
    assert shown.stdout.decode() == NASTY[name]
    assert not Path("/tmp/kubelab-evil").exists()


def test_the_environment_comes_first_then_the_prelude_then_the_script() -> None:
    stdin = render_stdin(PLAIN, {"NODE_NAME": "w1", "KUBEADM_CONFIG": "a: b"})
    assert stdin.endswith(sent(PLAIN))
    assert stdin.index("KUBEADM_CONFIG=") < stdin.index("NODE_NAME=") < stdin.index("set -euo pipefail")


@EACH
def test_what_is_left_out_of_a_script_is_nothing_that_its_shell_runs(file: str) -> None:
    whole = read_script(step.PRELUDE) + read_step(file)
    assert programs.minified(sent(file)) == programs.minified(whole)
    assert len(sent(file)) < len(whole)


def test_the_text_does_not_depend_on_the_order_of_the_environment() -> None:
    one = render_stdin(PLAIN, {"NODE_NAME": "w1", "KUBEADM_CONFIG": "a"})
    assert one == render_stdin(PLAIN, {"KUBEADM_CONFIG": "a", "NODE_NAME": "w1"})


def test_the_command_is_constant_but_for_name_and_hash() -> None:
    def constant(file: str) -> str:
        return re.sub(rf"# {re.escape(file)} [0-9a-f]{{12}}$", "#", render_command(file, 60))

    assert len({constant(file) for file in FILES}) == 1
    assert len({render_command(file, 60) for file in FILES}) == len(FILES)


def test_the_command_has_a_lock_with_an_end_and_a_time_limit() -> None:
    command = render_command(PLAIN, 1800)
    assert re.search(rf"flock --timeout \d+ --conflict-exit-code \d+ {re.escape(step.LOCK)} ", command)
    assert re.search(r"timeout --verbose --kill-after=\d+ 1800 env TIME_LIMIT=1800 bash -s", command)
    assert step.LOCK in read_script(step.PRELUDE)
    assert command.startswith("sudo -n ")


def test_an_argument_follows_the_end_of_the_shells_own_options() -> None:
    file = "50-manage-membership.sh"
    assert " bash -s -- remove ||" in render_command(file, 60, "remove")


def test_a_change_of_the_script_or_of_the_prelude_shows_in_the_command(
    in_next_run: Callable[[str, str], None],
) -> None:
    commands = [render_command(PLAIN, 60)]
    for file in (PLAIN, step.PRELUDE):
        in_next_run(file, "true\n")
        commands.append(render_command(PLAIN, 60))
    assert len(set(commands)) == 3


def test_a_change_of_another_script_does_not_show(in_next_run: Callable[[str, str], None]) -> None:
    before = render_command(PLAIN, 60)
    in_next_run("90-verify-cluster.sh", "true\n")
    assert render_command(PLAIN, 60) == before


def calls_of_kubectl(file: str) -> list[str]:
    lines = [line for line in read_step(file).splitlines() if not line.startswith("#")]
    return [call for line in lines for call in re.findall(r"\bkubectl [^|;]*", line)]


@EACH
def test_every_script_that_calls_kubectl_names_a_kubeconfig(file: str) -> None:
    named = "\nexport KUBECONFIG=/etc/kubernetes/admin.conf\n" in read_step(file)
    assert [call for call in calls_of_kubectl(file) if not named and "--kubeconfig" not in call] == []


def test_calls_of_kubectl_are_found() -> None:
    assert {file for file in FILES if calls_of_kubectl(file)} >= {
        "40-init-control-plane.sh",
        "45-apply-pod-network.sh",
        "60-join-worker.sh",
        "50-manage-membership.sh",
        "90-verify-cluster.sh",
    }


@EACH
def test_a_scripts_body_is_in_main_with_its_stdin_closed(file: str) -> None:
    assert read_script(file).splitlines()[-1] in ("main </dev/null", 'main "$@" </dev/null')


@EACH
def test_a_script_says_first_what_it_does(file: str) -> None:
    lines = read_script(file).splitlines()
    assert lines[0] == "#!/usr/bin/env bash"
    assert re.match(r"# \w.{20,}", lines[1])
