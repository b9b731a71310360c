"""The pure parts of a step: what a script declares, what is fed to it, and the command that runs it."""

import re
import shutil
import subprocess
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
)

FILES = sorted(path.name for path in step.SCRIPTS.glob("[0-9]*.sh"))
LIBRARIES = sorted(path.name for path in step.SCRIPTS.glob("[a-z]*.sh") if path.name != step.PRELUDE)
PLAIN, OF_LIBRARY, LIBRARY = "60-join-worker.sh", "20-install-crio.sh", "runtime.sh"
EACH = pytest.mark.parametrize("file", FILES)
NASTY = {
    "QUOTES": """it's "quoted" `id` $(id) ${HOME} \\ \\n !history""",
    "LINES": "first\n\n  third with trailing space \n'\n",
    "OPTION": "-n -e",
    "GLOB": "* ? [a-z] ~ {a,b}",
    "UNICODE": "Grüße ✓ \u2028 \x1b[31m",
    "EMPTY": "",
    "ASSIGNMENT": "A=1; touch /tmp/kubelab-evil #",
}


@pytest.fixture
def scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of scripts of our own, with the real prelude, that a test may change."""
    folder = tmp_path / "scripts"
    shutil.copytree(step.SCRIPTS, folder)
    monkeypatch.setattr(step, "SCRIPTS", folder)
    return folder


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
    system = {"EXIT", "ID", "VERSION_ID", "IFS", "SECONDS", "PPID", "STEP"}
    for_libraries = {"SERVICE"}  # a script may set it; the library has a default
    assert set(re.findall(r"\$\{?([A-Z][A-Z0-9_]*)\b", text)) <= given | own | system | for_libraries


@pytest.mark.parametrize(
    ("given", "named"),
    [(["NODE_NAME"], "KUBEADM_CONFIG"), (["NODE_NAME", "KUBEADM_CONFIG", "TYPO"], "TYPO"), ([], "NODE_NAME")],
    ids=["missing", "extra", "none"],
)
def test_a_missing_and_an_extra_variable_are_refused_with_both_lists(given: list[str], named: str) -> None:
    with pytest.raises(ScriptError) as refusal:
        check_environment(PLAIN, given)
    assert PLAIN in str(refusal.value)
    assert named in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_just_the_declared_variables_are_accepted_in_any_order() -> None:
    check_environment(PLAIN, ["NODE_NAME", "KUBEADM_CONFIG", "CRI_SOCKET"])
    check_environment(PLAIN, ["CRI_SOCKET", "KUBEADM_CONFIG", "NODE_NAME"])


def test_a_script_that_does_not_exist_is_named() -> None:
    with pytest.raises(ScriptError, match=r"99-nothing\.sh"):
        read_script("99-nothing.sh")


@pytest.mark.parametrize("name", NASTY)
def test_a_value_arrives_as_it_was_given_and_is_never_run(scripts: Path, name: str) -> None:
    (scripts / "prelude.sh").write_text("")
    (scripts / "test.sh").write_text("main() { printf '%s' \"$VALUE\"; }\nmain </dev/null\n")
    stdin = render_stdin("test.sh", {"VALUE": NASTY[name]})
    shown = subprocess.run(["bash", "-s"], input=stdin.encode(), capture_output=True, check=True)
    assert shown.stdout.decode() == NASTY[name]
    assert not Path("/tmp/kubelab-evil").exists()


def test_the_environment_comes_first_then_the_prelude_then_the_script_unchanged() -> None:
    stdin = render_stdin(PLAIN, {"NODE_NAME": "w1", "KUBEADM_CONFIG": "a: b"})
    assert stdin.endswith(read_script(step.PRELUDE) + read_script(PLAIN))
    assert stdin.index("KUBEADM_CONFIG=") < stdin.index("NODE_NAME=") < stdin.index("set -euo pipefail")


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
    assert re.search(r"flock --timeout \d+ /run/kubelab\.lock", command)
    assert re.search(r"timeout --kill-after=\d+ 1800 bash -s", command)
    assert command.startswith("sudo -n ")


def test_an_argument_follows_the_end_of_the_shells_own_options() -> None:
    file = "50-manage-membership.sh"
    assert f" bash -s -- remove # {file}" in render_command(file, 60, "remove")


def test_a_change_of_the_script_or_of_the_prelude_shows_in_the_command(scripts: Path) -> None:
    commands = [render_command(PLAIN, 60)]
    for file in (PLAIN, step.PRELUDE):
        (scripts / file).write_text(f"{(scripts / file).read_text()}# changed\n")
        commands.append(render_command(PLAIN, 60))
    assert len(set(commands)) == 3


def test_a_change_of_another_script_does_not_show(scripts: Path) -> None:
    before = render_command(PLAIN, 60)
    (scripts / "90-verify-cluster.sh").write_text("")
    assert render_command(PLAIN, 60) == before


def test_a_script_names_its_libraries_and_has_them_before_it() -> None:
    assert read_step(OF_LIBRARY) == read_script("packages.sh") + read_step(LIBRARY) + read_script(OF_LIBRARY)
    assert read_step(PLAIN) == read_script(PLAIN)
    assert render_stdin(OF_LIBRARY, {}).endswith(read_script(step.PRELUDE) + read_step(OF_LIBRARY))


def test_a_library_names_libraries_too_and_has_them_before_it() -> None:
    named = ("observe.sh", "files.sh", LIBRARY)
    assert read_step(LIBRARY) == "".join(map(read_script, named))


def test_libraries_come_in_the_order_in_which_they_are_named(scripts: Path) -> None:
    for name in ("one", "two"):
        (scripts / f"{name}.sh").write_text(f': "${{{name.upper()}:?why}}"\n')
    (scripts / "99-both.sh").write_text("# library: two.sh\n# library: one.sh\necho # library: prelude.sh\n")
    assert read_step("99-both.sh").startswith(read_script("two.sh") + read_script("one.sh") + "# library: two.sh\n")
    check_environment("99-both.sh", ["ONE", "TWO"])


def test_a_library_that_is_named_twice_stands_once(scripts: Path) -> None:
    (scripts / "one.sh").write_text("# library: two.sh\none=1\n")
    (scripts / "two.sh").write_text("two=2\n")
    (scripts / "99-both.sh").write_text("# library: one.sh\n# library: two.sh\n")
    assert read_step("99-both.sh").splitlines().count("two=2") == 1


@pytest.mark.parametrize("file", [*FILES, *LIBRARIES])
def test_a_script_names_no_library_that_it_does_not_call(file: str) -> None:
    words = set(re.findall(r"\b[a-z_]+\b", read_script(file)))
    for library in re.findall(r"^# library: (\S+)$", read_script(file), re.MULTILINE):
        assert words & set(re.findall(r"^([a-z_]+)\(\)", read_step(library), re.MULTILINE)), library


def test_the_text_of_a_join_has_no_library_as_it_is_kept_as_a_secret() -> None:
    """A secret is not compressed in the state, and hides its text in a preview."""
    assert libraries_of("60-join-worker.sh") == []


def test_a_librarys_inputs_are_those_of_the_script_that_names_it() -> None:
    inputs = {*declared_inputs(read_script(LIBRARY)), *declared_inputs(read_script(OF_LIBRARY))}
    check_environment(OF_LIBRARY, sorted(inputs))
    with pytest.raises(ScriptError, match="CRI_SOCKET"):
        check_environment(OF_LIBRARY, sorted(inputs - {"CRI_SOCKET"}))


@EACH
def test_no_input_is_declared_twice_in_a_step(file: str) -> None:
    texts = [read_script(library) for library in libraries_of(file)]
    declared = [name for text in [*texts, read_script(file)] for name in declared_inputs(text)]
    assert len(set(declared)) == len(declared)


def libraries_of(file: str) -> list[str]:
    """The libraries of a script, and theirs."""
    named = re.findall(r"^# library: (\S+)$", read_script(file), re.MULTILINE)
    return [library for each in named for library in (*libraries_of(each), each)]


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_change_of_a_library_shows_in_the_commands_of_the_scripts_that_name_it(scripts: Path, library: str) -> None:
    before = {file: render_command(file, 60) for file in FILES}
    (scripts / library).write_text(f"{(scripts / library).read_text()}# changed\n")
    changed = {file for file in FILES if render_command(file, 60) != before[file]}
    assert changed == {file for file in FILES if library in libraries_of(file)}
    assert changed


def test_a_library_that_does_not_exist_is_named(scripts: Path) -> None:
    (scripts / "99-lost.sh").write_text("# library: nowhere.sh\n")
    with pytest.raises(ScriptError, match=r"nowhere\.sh"):
        read_step("99-lost.sh")


@pytest.mark.parametrize("library", [step.PRELUDE, *LIBRARIES])
def test_a_library_only_declares_and_defines(library: str) -> None:
    """It says of itself that it is bash's, for it has no first line that does."""
    lines = read_script(library).splitlines()
    assert lines[0] == "# shellcheck shell=bash"
    assert re.match(r"# \w.{20,}", lines[1])
    assert not [line for line in lines if line.startswith("main")]


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
