"""08-place-files.sh and 05-reset-node.sh: files and keys that the owner of a lab puts on its machines."""

from dataclasses import replace

import pytest
from pydantic import SecretStr

from components.steps.node import place_files
from config import DeclaredFile
from tests.shell.guest.machine import Guest, Result, assert_one_error
from tests.shell.steps import MOTD, PLACE_FILES, PREPARE_OS, RESET, Step
from tests.shell.world import SITE, WORKER

KEYS = "/home/lab/.ssh/authorized_keys"
KUBELAB, OTHERS, ALICE, BOB = (f"ssh-ed25519 AAAA{name} {name}" for name in ("kubelab", "others", "alice", "bob"))
PROXY = DeclaredFile("/etc/profile.d/proxy.sh", SecretStr("export http_proxy=http://proxy.lab\n"), "0644", secret=False)


@pytest.fixture
def machine(guest: Guest) -> Guest:
    """A machine with a user who logs in, and a message of the image's own."""
    PLACE_FILES.prepare(guest)
    guest.write(KEYS, f"# of cloud-init\n{KUBELAB}\n{OTHERS}\n", mode=0o600)
    guest.write("/etc/motd", "the image's own\n")
    return guest


def place(guest: Guest, *files: DeclaredFile, keys: tuple[str, ...] = (), doing: str = "place") -> Result:
    """Run the step with these files and keys declared."""
    site = replace(SITE, ssh=replace(SITE.ssh, authorized_keys=keys))
    given = place_files.environment(replace(WORKER, files=files), site)
    return guest.run(PLACE_FILES.file, given, doing)


class TestFiles:
    """Files that are declared, changed and taken away."""

    def test_they_are_there_with_their_modes_and_only_where_they_are_declared(self, machine: Guest) -> None:
        result = place(machine, PROXY, MOTD)
        assert (result.status, result.stdout) == (0, ""), result.stderr
        assert machine.read(PROXY.path) == PROXY.text.get_secret_value()
        assert (machine.read(MOTD.path), machine.mode(MOTD.path)) == (MOTD.text.get_secret_value(), 0o640)
        assert "lab:x:1000" in machine.read("/etc/passwd")

    def test_a_second_run_changes_nothing(self, machine: Guest) -> None:
        place(machine, PROXY, MOTD, keys=(ALICE,))
        before = machine.files()
        assert place(machine, PROXY, MOTD, keys=(ALICE,)).status == 0
        assert machine.files() == before

    def test_a_changed_text_takes_the_place_of_the_former_one(self, machine: Guest) -> None:
        place(machine, MOTD)
        place(machine, replace(MOTD, text=SecretStr("new\n")))
        assert machine.read(MOTD.path) == "new\n"

    def test_what_is_declared_no_more_goes_and_what_stood_there_before_comes_back(self, machine: Guest) -> None:
        place(machine, PROXY, MOTD)
        place(machine, PROXY)
        assert machine.exists(PROXY.path)
        assert machine.read(MOTD.path) == "the image's own\n"
        place(machine)
        assert not machine.exists(PROXY.path)
        place(machine, MOTD)
        place(machine)
        assert machine.read(MOTD.path) == "the image's own\n"

    def test_a_folder_in_the_place_of_a_file_is_one_error(self, machine: Guest) -> None:
        machine.write(f"{MOTD.path}.d/00-header", "")
        assert_one_error(place(machine, replace(MOTD, path="/etc/motd.d")), "found a folder there")

    def test_a_reset_machine_has_what_it_had_before(self, machine: Guest) -> None:
        place(machine, PROXY, MOTD, keys=(ALICE,))
        machine.write("/etc/kubelab/runtime", "docker\n")
        result = machine.run(RESET.file, RESET.environment)
        assert result.status == 0, result.stderr
        assert not machine.exists("/etc/kubelab")
        assert not machine.exists(PROXY.path)
        assert machine.read(MOTD.path) == "the image's own\n"
        assert ALICE not in machine.read(KEYS)


@pytest.mark.parametrize("former", ["the image's own\n", None], ids=["there", "absent"])
def test_when_its_step_is_deleted_a_machine_has_what_it_had_before(machine: Guest, former: str | None) -> None:
    if former is None:
        machine.remove(MOTD.path)
    before = machine.files()
    place(machine, PROXY, MOTD, keys=(ALICE,))
    result = place(machine, PROXY, MOTD, keys=(ALICE,), doing="remove")
    assert result.status == 0, result.stderr
    assert not machine.exists(PROXY.path)
    after = machine.files()
    assert {path: (after[path].mode, after[path].text) for path in before} == {
        path: (file.mode, file.text) for path, file in before.items()
    }
    # The same when nobody knows whether it was done.
    assert place(machine, PROXY, MOTD, keys=(ALICE,), doing="remove").status == 0
    assert machine.files() == after


def test_what_is_placed_is_taken_away_also_from_a_machine_whose_user_has_no_keys(machine: Guest) -> None:
    place(machine, MOTD, keys=(ALICE,))
    machine.remove(KEYS)
    assert place(machine, MOTD, keys=(ALICE,), doing="remove").status == 0
    assert machine.read(MOTD.path) == "the image's own\n"


@pytest.mark.parametrize("step", [PLACE_FILES, PREPARE_OS], ids=lambda step: step.file)
def test_nothing_is_put_on_a_machine_whose_reset_did_not_finish(guest: Guest, step: Step) -> None:
    step.prepare(guest)
    guest.write("/etc/kubelab/reset-unfinished", "")
    before = guest.files()
    result = guest.run(step.file, step.environment, *step.arguments)
    assert_one_error(result, "w1", "found a reset that did not finish; set onRuntimeChange: resetNode until it did")
    assert guest.files() == before


@pytest.mark.parametrize("arguments", [(), ("destroy",)])
def test_an_unknown_argument_of_the_placing_is_one_clear_error(machine: Guest, arguments: tuple[str, ...]) -> None:
    assert_one_error(machine.run(PLACE_FILES.file, PLACE_FILES.environment, *arguments), "place or remove", *arguments)


class TestKeys:
    """Keys of people who log in."""

    def test_they_stand_beside_those_that_are_there(self, machine: Guest) -> None:
        result = place(machine, keys=(ALICE, BOB))
        assert result.status == 0, result.stderr
        assert machine.read(KEYS).splitlines() == ["# of cloud-init", KUBELAB, OTHERS, ALICE, BOB]
        assert machine.mode(KEYS) == 0o600

    def test_one_that_is_declared_no_more_is_taken_away(self, machine: Guest) -> None:
        place(machine, keys=(ALICE, BOB))
        place(machine, keys=(BOB,))
        assert machine.read(KEYS).splitlines() == ["# of cloud-init", KUBELAB, OTHERS, BOB]
        place(machine)
        assert machine.read(KEYS).splitlines() == ["# of cloud-init", KUBELAB, OTHERS]

    def test_one_that_was_there_before_stays_also_when_it_was_declared_once(self, machine: Guest) -> None:
        place(machine, keys=(KUBELAB, OTHERS))
        place(machine)
        assert machine.read(KEYS).splitlines() == ["# of cloud-init", KUBELAB, OTHERS]

    def test_a_machine_without_kubelabs_own_key_is_one_error(self, machine: Guest) -> None:
        machine.remove(KEYS)
        assert_one_error(place(machine, keys=(ALICE,)), f"found no {KEYS}")

    def test_nothing_is_touched_where_none_is_declared(self, machine: Guest) -> None:
        machine.remove(KEYS)
        assert place(machine).status == 0
