"""10-prepare-os.sh and 05-reset-node.sh: files and keys that the owner of a lab puts on its machines."""

from dataclasses import replace

import pytest
from pydantic import SecretStr

from components.steps import prepare_os
from config import DeclaredFile
from tests.shell.guest.machine import Guest, Result, assert_one_error
from tests.shell.steps import PREPARE_OS, RESET
from tests.shell.world import REPOSITORY, SITE, WORKER

KEYS = "/home/lab/.ssh/authorized_keys"
KUBELAB, OTHERS, ALICE, BOB = (f"ssh-ed25519 AAAA{name} {name}" for name in ("kubelab", "others", "alice", "bob"))
PROXY = DeclaredFile("/etc/profile.d/proxy.sh", SecretStr("export http_proxy=http://proxy.lab\n"), "0644", secret=False)
MOTD = DeclaredFile("/etc/motd", SecretStr("=== 0644 1 /etc/passwd\nwelcome to the lab\n"), "0640", secret=False)


@pytest.fixture
def machine(guest: Guest) -> Guest:
    """A machine with a user who logs in, and a message of the image's own."""
    PREPARE_OS.prepare(guest)
    guest.write("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\nlab:x:1000:1000::/home/lab:/bin/bash\n")
    guest.write(KEYS, f"# of cloud-init\n{KUBELAB}\n{OTHERS}\n", mode=0o600)
    guest.write("/etc/motd", "the image's own\n")
    return guest


def prepare(guest: Guest, *files: DeclaredFile, keys: tuple[str, ...] = ()) -> Result:
    """Run the step with these files and keys declared."""
    site = replace(SITE, ssh=replace(SITE.ssh, authorized_keys=keys))
    return guest.run(PREPARE_OS.file, prepare_os.environment(replace(WORKER, files=files), site, [REPOSITORY]))


class TestFiles:
    """Files that are declared, changed and taken away."""

    def test_they_are_there_with_their_modes_and_only_where_they_are_declared(self, machine: Guest) -> None:
        result = prepare(machine, PROXY, MOTD)
        assert (result.status, result.stdout) == (0, ""), result.stderr
        assert machine.read(PROXY.path) == PROXY.text.get_secret_value()
        assert (machine.read(MOTD.path), machine.mode(MOTD.path)) == (MOTD.text.get_secret_value(), 0o640)
        assert "lab:x:1000" in machine.read("/etc/passwd")

    def test_a_second_run_changes_nothing(self, machine: Guest) -> None:
        prepare(machine, PROXY, MOTD, keys=(ALICE,))
        before = machine.files()
        assert prepare(machine, PROXY, MOTD, keys=(ALICE,)).status == 0
        assert machine.files() == before

    def test_a_changed_text_takes_the_place_of_the_former_one(self, machine: Guest) -> None:
        prepare(machine, MOTD)
        prepare(machine, replace(MOTD, text=SecretStr("new\n")))
        assert machine.read(MOTD.path) == "new\n"

    def test_what_is_declared_no_more_goes_and_what_stood_there_before_comes_back(self, machine: Guest) -> None:
        prepare(machine, PROXY, MOTD)
        prepare(machine, PROXY)
        assert machine.exists(PROXY.path)
        assert machine.read(MOTD.path) == "the image's own\n"
        prepare(machine)
        assert not machine.exists(PROXY.path)
        prepare(machine, MOTD)
        prepare(machine)
        assert machine.read(MOTD.path) == "the image's own\n"

    def test_a_folder_in_the_place_of_a_file_is_one_error(self, machine: Guest) -> None:
        machine.write(f"{MOTD.path}.d/00-header", "")
        assert_one_error(prepare(machine, replace(MOTD, path="/etc/motd.d")), "found a folder there")

    def test_a_reset_machine_has_what_it_had_before(self, machine: Guest) -> None:
        prepare(machine, PROXY, MOTD, keys=(ALICE,))
        machine.write("/etc/kubelab/runtime", "docker\n")
        result = machine.run(RESET.file, RESET.environment)
        assert result.status == 0, result.stderr
        assert not machine.exists("/etc/kubelab")
        assert not machine.exists(PROXY.path)
        assert machine.read(MOTD.path) == "the image's own\n"
        assert ALICE not in machine.read(KEYS)


class TestKeys:
    """Keys of people who log in."""

    def test_they_stand_beside_those_that_are_there(self, machine: Guest) -> None:
        result = prepare(machine, keys=(ALICE, BOB))
        assert result.status == 0, result.stderr
        assert machine.read(KEYS).splitlines() == ["# of cloud-init", KUBELAB, OTHERS, ALICE, BOB]
        assert machine.mode(KEYS) == 0o600

    def test_one_that_is_declared_no_more_is_taken_away(self, machine: Guest) -> None:
        prepare(machine, keys=(ALICE, BOB))
        prepare(machine, keys=(BOB,))
        assert machine.read(KEYS).splitlines() == ["# of cloud-init", KUBELAB, OTHERS, BOB]
        prepare(machine)
        assert machine.read(KEYS).splitlines() == ["# of cloud-init", KUBELAB, OTHERS]

    def test_one_that_was_there_before_stays_also_when_it_was_declared_once(self, machine: Guest) -> None:
        prepare(machine, keys=(KUBELAB, OTHERS))
        prepare(machine)
        assert machine.read(KEYS).splitlines() == ["# of cloud-init", KUBELAB, OTHERS]

    def test_a_machine_without_kubelabs_own_key_is_one_error(self, machine: Guest) -> None:
        machine.remove(KEYS)
        assert_one_error(prepare(machine, keys=(ALICE,)), f"found no {KEYS}")

    def test_nothing_is_touched_where_none_is_declared(self, machine: Guest) -> None:
        machine.remove(KEYS)
        assert prepare(machine).status == 0
