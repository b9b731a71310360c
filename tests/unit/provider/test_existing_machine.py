"""A machine that exists, as the engine sees it: made known, changed, read and left."""

from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from provider.existing_machine import ExistingMachine
from provider.guest_login import AnotherKeyError, Ended, Limits, Login
from provider.resource import Change, Operation
from provider.vsphere.errors import RefusedError, UnreachableError, VsphereError
from provider.vsphere.model import Heard, SshAnswer
from provider.wire import UNKNOWN

URN = "urn:pulumi:lab::kubelab::kubelab:lab:Lab$kubelab:index:ExistingMachine::w1"
INPUTS: dict[str, Any] = {
    "name": "w1",
    "address": "10.0.0.5",
    "port": 22,
    "user": "lab",
    "hostKey": "ssh-ed25519 AAAA",
    "privateKey": "the-private-key",
    "removalCommand": "sudo -n bash -s -- remove",
    "removalInput": "the script",
    "removalSeconds": 900,
    "replaceTriggers": {"runtime": "containerd"},
}
DONE = Ended(0, "")


class Machine:
    """What runs at the other end: its answer, and what it was asked."""

    def __init__(self, answer: Ended | Exception = DONE) -> None:
        self.answer = answer
        self.asked: list[tuple[str, str]] = []
        self.told: list[str] = []

    def run(self, login: Login, command: str, text: str, _limits: Limits, _heard: Callable[[str], None]) -> Ended:
        assert login == Login("10.0.0.5", 22, "lab", "ssh-ed25519 AAAA", "the-private-key")
        self.asked.append((command, text))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def operation(self) -> Operation:
        def unused() -> Any:
            raise AssertionError("no host is asked for a machine that exists")

        return Operation("w1", "kubelab/lab", 0, unused, unused, unused, lambda _: None, self.told.append, URN)

    def made_known(self) -> str:
        return ExistingMachine(self.run).create(self.operation(), INPUTS)[0]

    def left(self) -> None:
        ExistingMachine(self.run).delete(self.operation(), "w1-id", INPUTS)


def changed(**news: Any) -> dict[str, Change]:
    found = ExistingMachine().diff(INPUTS, {**INPUTS, **news})
    return {change.key: change.change for change in found}


def test_the_inputs_of_a_program_have_no_fault_and_what_is_missing_is_named() -> None:
    assert ExistingMachine().check(INPUTS) == {}
    assert set(ExistingMachine().check({"port": 0, "colour": "red"})) == {
        *(INPUTS.keys() - {"replaceTriggers"}),
        "colour",
    }


def test_a_machine_is_known_once_it_lets_its_user_become_root() -> None:
    machine = Machine()
    first, second = machine.made_known(), machine.made_known()
    assert all("sudo -n true" in command for command, _ in machine.asked)
    assert first != second, "steps begin anew on a machine that was left and is known again"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (AnotherKeyError("SHA256:other"), ["SHA256:other", "installed anew", "make adopt HOST=10.0.0.5"]),
        (UnreachableError("Connection refused, for 60 s"), ["no ssh at 10.0.0.5: Connection refused", "sshd on it"]),
        (RefusedError("Permission denied"), ["lets lab not in", "ssh-keygen -y -f FILE", "authorized_keys of lab"]),
        (Ended(1, "sudo: a password is required"), ["sudo: a password is required", "lab ALL=(ALL) NOPASSWD: ALL"]),
        (Ended(3, ""), ["found no sudo", "apt-get install --yes sudo"]),
    ],
)
def test_what_keeps_a_machine_from_being_used_is_one_line_with_its_remedy(
    answer: Ended | Exception, words: list[str]
) -> None:
    with pytest.raises(VsphereError) as found:
        Machine(answer).made_known()
    assert str(found.value).startswith("logging in to machine w1: ")
    assert "\n" not in str(found.value)
    assert [word for word in words if word not in str(found.value)] == []


def test_another_host_key_or_runtime_makes_the_machine_known_anew() -> None:
    assert changed(hostKey="ssh-ed25519 BBBB") == {"hostKey": Change.REPLACE}
    assert changed(replaceTriggers={"runtime": "crio"}) == {"replaceTriggers": Change.REPLACE}


def test_another_way_to_the_same_machine_changes_it_in_place_and_is_proven() -> None:
    assert changed(address="10.0.0.6", user="root") == {"address": Change.UPDATE, "user": Change.UPDATE}
    machine = Machine()
    ExistingMachine(machine.run).update(machine.operation(), "id", {**INPUTS, "user": "old"}, INPUTS)
    ExistingMachine(machine.run).update(machine.operation(), "id", {**INPUTS, "removalInput": "old"}, INPUTS)
    assert len(machine.asked) == 1


def test_a_way_in_that_a_refresh_found_closed_is_proven_again() -> None:
    machine = Machine(AnotherKeyError("SHA256:other"))
    with pytest.raises(VsphereError, match="make adopt"):
        ExistingMachine(machine.run).update(machine.operation(), "id", INPUTS, INPUTS)


@pytest.mark.parametrize("news", [{"hostKey": "ssh-ed25519 BBBB"}, {"address": "10.0.0.6"}])
def test_a_control_plane_becomes_another_machine_only_where_that_is_said(news: dict[str, Any]) -> None:
    resource, olds, news = ExistingMachine(), {**INPUTS, "holds": "its etcd"}, {**INPUTS, "holds": "its etcd", **news}
    changes = resource.diff(olds, news)
    with pytest.raises(RefusedError, match=r"its etcd is lost; .*allowReplace: true at node w1 .*run pulumi destroy"):
        resource.replacement(olds, news, changes)
    assert "its etcd is lost" in str(resource.replacement(olds, {**news, "allowReplace": True}, changes))


def test_leaving_a_machine_runs_the_removal_that_it_was_known_with() -> None:
    machine = Machine()
    machine.left()
    assert machine.asked == [("sudo -n bash -s -- remove", "the script")]


def test_a_removal_that_fails_keeps_the_machine_known_and_shows_its_last_words() -> None:
    with pytest.raises(VsphereError, match=r"leaving machine w1 \(10.0.0.5\) as it was found: exit status 1: no space"):
        Machine(Ended(1, "no space")).left()


@pytest.mark.parametrize("answer", [UnreachableError("no route to host, for 60 s"), RefusedError("Permission denied")])
def test_a_machine_that_cannot_be_left_says_so_and_how_to_go_on(answer: Exception) -> None:
    with pytest.raises(VsphereError) as found:
        Machine(answer).left()
    assert str(answer) in str(found.value)
    assert f"pulumi state delete --target-dependents '{URN}'" in str(found.value)


def test_a_machine_that_was_installed_anew_has_nothing_to_remove_and_that_is_told() -> None:
    machine = Machine(AnotherKeyError("SHA256:other"))
    machine.left()
    (told,) = machine.told
    assert "SHA256:other" in told
    assert "nothing was changed there" in told


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (SshAnswer(Heard.OUR_KEY), ""),
        (SshAnswer(Heard.NOTHING, "Connection refused"), "found no ssh at 10.0.0.5: Connection refused"),
        (SshAnswer(Heard.ANOTHER_KEY, "SHA256:other"), "make adopt HOST=10.0.0.5"),
    ],
)
def test_a_refresh_says_what_answers_at_the_address_and_never_that_a_machine_is_gone(
    answer: SshAnswer, words: str
) -> None:
    resource = ExistingMachine(ask=lambda *_: answer)
    found = resource.read(Machine().operation(), "w1-id", INPUTS, INPUTS)
    assert found is not None
    assert found.outputs == INPUTS
    assert words in "".join(found.reasons)
    assert bool(found.reasons) == bool(words)


class TestInPlaceOfAMadeOne:
    """That one is destroyed before."""

    MADE: ClassVar[dict[str, Any]] = {"name": "w1", "imageSha256": "a" * 64}

    def compared(self, machine: Machine, **news: Any) -> str | None:
        resource, wanted = ExistingMachine(machine.run), {**INPUTS, **news}
        return resource.replacement(self.MADE, wanted, resource.diff(self.MADE, wanted))

    def test_it_is_logged_in_to_first(self) -> None:
        machine = Machine()
        self.compared(machine)
        assert [command for command, _ in machine.asked if "sudo -n true" in command]

    @pytest.mark.parametrize("answer", [UnreachableError("no answer"), RefusedError("Permission denied"), Ended(1, "")])
    def test_without_a_way_in_it_is_refused(self, answer: Ended | Exception) -> None:
        with pytest.raises(VsphereError, match="logging in to machine w1"):
            self.compared(Machine(answer))

    def test_a_key_that_is_not_known_yet_is_asked_for_later(self) -> None:
        machine = Machine()
        self.compared(machine, privateKey=UNKNOWN)
        assert machine.asked == []


def test_a_machine_that_is_known_already_is_not_asked_before_it_is_known_anew() -> None:
    machine = Machine()
    resource, wanted = ExistingMachine(machine.run), {**INPUTS, "replaceTriggers": {"runtime": "crio"}}
    resource.replacement(INPUTS, wanted, resource.diff(INPUTS, wanted))
    assert machine.asked == []
