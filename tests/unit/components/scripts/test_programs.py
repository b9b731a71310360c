"""The one list of programs that steps call, of each guest system: nothing is missing in it, and nothing too much."""

import re

import pytest

from components.guest_systems import GUEST_SYSTEMS
from components.records.guest_system import GuestSystem
from components.step import read_script, render_command
from tests.unit.components.scripts import programs
from tests.unit.components.scripts.shipped import FILES, LIBRARIES

# What the steps install from the cluster's own repositories before they call it.
INSTALLED = {"crictl", "docker", "kubeadm", "kubectl"}
TEXTS = [read_script(file) for file in (*FILES, *LIBRARIES, "prelude.sh")]


def where_present() -> set[str]:
    """The programs that steps call only where they are: a firewall is asked by its own where its service runs."""
    return {"firewall-cmd", *(name for text in TEXTS for name in programs.guarded(text))}


def of_the_command() -> set[str]:
    """The programs of a step's command itself."""
    words = re.findall(r"[a-z]+", render_command(FILES[0], 60))
    return {"sudo", "flock", "timeout", "env", "cat", "bash"} & set(words)


def test_calls_are_found_behind_what_runs_another_program() -> None:
    text = "a=$(one | two) && timeout 5 three --x | xargs --null four; logged 'a b' timeout 6 five\n"
    text += "six() { :; }\nsix seven\n"
    assert programs.called(text) >= {"one", "two", "timeout", "three", "xargs", "four", "logged", "five", "six"}
    assert "seven" not in programs.called(text)
    assert "echo" not in programs.called("echo text; [[ x ]]; cd /\n")


@pytest.mark.case("C1")
@pytest.mark.parametrize("system", GUEST_SYSTEMS.values(), ids=GUEST_SYSTEMS)
def test_every_program_that_a_step_calls_is_in_the_list_and_no_other(system: GuestSystem) -> None:
    found = programs.of_all_scripts()
    called = set(found) - INSTALLED - where_present() | of_the_command()
    listed = set(system.programs)
    assert {name: found.get(name) for name in called - listed} == {}
    assert listed - called == set()


@pytest.mark.case("C1")
def test_no_step_calls_gpg_as_cloud_images_have_none() -> None:
    assert not {"gpg", "gpgv", "apt-key"} & set(programs.of_all_scripts())


def downloads() -> list[str]:
    """Every call of curl, its lines joined."""
    return [call for text in TEXTS for call in re.findall(r"\bcurl (?:[^\n]*\\\n)*[^\n]*", text) if " --" in call]


@pytest.mark.case("T11")
def test_whoever_follows_a_server_elsewhere_follows_it_by_https_alone() -> None:
    following = [call for call in downloads() if "--location" in call and "curl -v" not in call.split("--location")[0]]
    assert following
    assert all("--proto '=https' --proto-redir '=https'" in call for call in following)
    assert not [text for text in TEXTS if re.search(r"\bwget\b", text)]
