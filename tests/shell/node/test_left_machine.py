"""05-reset-node.sh of a machine that exists and goes on without kubelab: it is as it was found."""

import pytest

from tests.shell.guest.machine import KILLED, Guest, Result, assert_one_error
from tests.shell.node.reset_machines import Join, contents, set_up
from tests.shell.steps import LEAVE_MACHINE, RESET
from tests.shell.world import WORDS


@pytest.fixture(autouse=True)
def machine(guest: Guest) -> None:
    """A machine with what others have on it."""
    set_up(guest)


def leave(guest: Guest, **changed: str) -> Result:
    step = LEAVE_MACHINE.given(**changed)
    return guest.run(step.file, step.environment, *step.arguments)


@pytest.mark.parametrize("role", ["worker", "controlPlane"])
@pytest.mark.parametrize("word", WORDS)
def test_it_is_as_it_was_found_whatever_it_runs(guest: Guest, join: Join, word: str, role: str) -> None:
    before = contents(guest)
    join(word)
    result = leave(guest, RUNTIME=word, ROLE=role)
    assert (result.status, result.stdout, result.errors) == (0, "", [])
    assert contents(guest) == before


def test_one_that_kubelab_never_put_anything_on_is_left_alone(guest: Guest) -> None:
    before = guest.files()
    assert (leave(guest, CLEAN_INSTALL="true").status, guest.files()) == (0, before)


def test_another_node_in_its_place_is_left_alone_and_named(guest: Guest, join: Join) -> None:
    join("containerd")
    guest.write("/etc/kubelab/node", "w9\n")
    before = guest.files()
    result = leave(guest)
    assert (result.status, guest.files()) == (0, before)
    assert "found kubelab's node w9 in place of w1: it is left as it is" in result.stderr


def test_what_was_interrupted_is_finished(guest: Guest, join: Join) -> None:
    before = contents(guest)
    join("docker")
    guest.answer("pkill", KILLED)
    assert leave(guest).status != 0
    guest.as_usual("pkill")
    assert leave(guest).status == 0
    assert contents(guest) == before


def test_another_argument_is_one_clear_error(guest: Guest) -> None:
    assert_one_error(guest.run(RESET.file, RESET.environment, "destroy"), "found argument 'destroy'", "remove")
