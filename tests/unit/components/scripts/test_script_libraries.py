"""The libraries that scripts name: functions that several share."""

import re
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
from tests.unit.components.scripts.shipped import EACH, FILES, LIBRARIES, LIBRARY, OF_LIBRARY, libraries_of


def test_a_script_names_its_libraries_and_has_them_before_it() -> None:
    packages, library = read_step("packages.sh") + read_step("downloads.sh"), read_step(LIBRARY)
    assert packages.endswith(read_script("packages.sh") + read_script("downloads.sh"))
    assert library.startswith(read_script("observe.sh") + read_script("files.sh"))
    rest = library.replace(read_script("files.sh"), "")
    assert read_step(OF_LIBRARY) == packages + rest + read_script(OF_LIBRARY)
    assert read_step("clock.sh") == read_script("clock.sh")
    assert render_stdin(OF_LIBRARY, {}).endswith(sent(OF_LIBRARY))


def test_a_library_names_libraries_too_and_has_them_before_it() -> None:
    named = ("observe.sh", "files.sh", "images.sh", "in-image.sh", LIBRARY)
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


def test_a_librarys_inputs_are_those_of_the_script_that_names_it() -> None:
    inputs = {*declared_inputs(read_step(LIBRARY)), *declared_inputs(read_script(OF_LIBRARY))}
    check_environment(OF_LIBRARY, sorted(inputs))
    with pytest.raises(ScriptError, match="CRI_SOCKET"):
        check_environment(OF_LIBRARY, sorted(inputs - {"CRI_SOCKET"}))


@EACH
def test_no_input_is_declared_twice_in_a_step(file: str) -> None:
    texts = [read_script(library) for library in libraries_of(file)]
    declared = [name for text in [*texts, read_script(file)] for name in declared_inputs(text)]
    assert len(set(declared)) == len(declared)


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_change_of_a_library_shows_in_the_commands_of_the_scripts_that_name_it(
    in_next_run: Callable[[str, str], None], library: str
) -> None:
    before = {file: render_command(file, 60) for file in FILES}
    in_next_run(library, "true\n")
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
