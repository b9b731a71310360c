"""05-reset-node.sh, interrupted or in vain."""

import pytest

from tests.shell.guest.machine import KILLED, Guest, assert_one_error
from tests.shell.node.reset_machines import Join, contents, reset, set_up
from tests.shell.step import render
from tests.shell.steps import RESET

# The commands during which the machine stops, in the order of the reset, and whether the first, ... of their calls.
INTERRUPTIONS = [
    ("kubeadm", "reset"),
    ("systemctl", "disable"),
    ("pkill", "--signal"),
    ("ip", "link delete"),
    ("iptables-restore", ""),
    ("nft", "delete"),
    ("umount", ""),
    ("apt-get", "purge"),
    ("apt-mark", "auto"),
    ("update-ca-certificates", ""),
    ("systemctl", "unmask"),
    ("systemctl", "daemon-reload"),
]


@pytest.fixture(autouse=True)
def machine(guest: Guest) -> None:
    """A machine with what others have on it."""
    set_up(guest)


class TestInterruption:
    @pytest.mark.parametrize(("command", "words"), INTERRUPTIONS, ids=[" ".join(each) for each in INTERRUPTIONS])
    def test_a_reset_that_was_killed_is_finished_by_the_next_run(
        self, guest: Guest, join: Join, command: str, words: str
    ) -> None:
        before = contents(guest)
        join("docker")
        guest.answer(command, f'[[ "$*" != *"{words}"* ]] || {{ {KILLED}; }}')
        assert reset(guest).status != 0
        assert contents(guest) != before
        guest.as_usual(command)
        result = reset(guest)
        assert (result.status, result.errors) == (0, [])
        assert contents(guest) == before

    def test_it_is_finished_also_when_the_change_was_taken_back_meanwhile(self, guest: Guest, join: Join) -> None:
        before = contents(guest)
        join("docker")
        guest.answer("pkill", KILLED)
        reset(guest)
        guest.as_usual("pkill")
        assert reset(guest, RUNTIME="docker").status == 0
        assert contents(guest) == before

    def test_the_mark_of_an_unfinished_reset_goes_last(self, guest: Guest, join: Join) -> None:
        join("docker")
        look = '[[ "$*" != "-rf /etc/kubelab" ]] || ls -A /etc/kubelab >/run/left'
        guest.write("/local/sbin/rm", f'#!/bin/bash\n{look}\nexec /usr/bin/rm "$@"\n', mode=0o755)
        assert reset(guest).status == 0
        assert guest.read("/run/left").split() == ["reset-unfinished"]

    def test_an_authority_whose_removal_was_interrupted_is_not_trusted_any_more(self, guest: Guest, join: Join) -> None:
        join("docker")
        guest.answer("update-ca-certificates", KILLED)
        reset(guest)
        guest.as_usual("update-ca-certificates")
        reset(guest)
        assert guest.calls("update-ca-certificates --fresh")


class TestFailure:
    def test_packages_that_cannot_be_purged_are_one_clear_error(self, guest: Guest, join: Join) -> None:
        join("docker")
        guest.answer("apt-get", '[[ $* != *purge* ]] || { echo "E: Could not get lock" >&2; exit 100; }')
        assert_one_error(reset(guest), "w1", "E: Could not get lock", "/var/log/kubelab-05-reset-node.log")

    @pytest.mark.parametrize(
        ("command", "words", "shown"),
        [
            ("ip", "link delete cni0", "links: cni0"),
            ("pkill", "conmon", "processes: conmon"),
            ("nft", "delete table", "tables: ip kube-proxy"),
            ("iptables-restore", "", "chains: CNI-0123 DOCKER DOCKER-USER FLANNEL-FWD KUBE-SERVICES"),
        ],
    )
    def test_what_cannot_be_removed_is_one_clear_error_and_is_sought_again(
        self, guest: Guest, join: Join, command: str, words: str, shown: str
    ) -> None:
        before = contents(guest)
        join("docker")
        guest.answer(command, f'[[ "$*" != *"{words}"* ]] || {{ echo "Operation not permitted" >&2; exit 1; }}')
        result = reset(guest)
        assert_one_error(result, "w1")
        assert f"there still is {shown} ; look at /var/log/" in result.errors[0]
        assert "build the machine anew" in result.errors[0]
        guest.as_usual(command)
        assert reset(guest).status == 0
        assert contents(guest) == before

    def test_a_directory_that_cannot_be_removed_is_named_in_one_error(self, guest: Guest, join: Join) -> None:
        join("docker")
        # A busy directory: no list of mounts has it.
        guest.write("/var/lib/docker/busy", "")
        result = guest.shell(
            ["bash", "-c", "mount --bind /opt/tool /var/lib/docker && exec bash -s"],
            render(RESET),
        )
        assert_one_error(result, "w1", "paths: /var/lib/docker")
