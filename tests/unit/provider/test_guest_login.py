"""A login to a machine that exists, against an ssh server of the tests' own."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from provider.guest_login import AnotherKeyError, Limits, Login, run
from provider.vsphere.errors import CancelledError, RefusedError, TimedOutError, UnreachableError
from tests.unit.provider.ssh_server import DEAF, End, Served, new_key, private, public, served

LIMITS = Limits(patience=0, seconds=10, cancelled=lambda: False)
ENDS = {"goes": (End.TOLD, "one\ntwo\n"), "drops": (End.ABRUPT, "")}
RELEASED = threading.Event()


def answer(command: str, text: str) -> tuple[int | End, str]:
    if command == "hang":
        RELEASED.wait(20)
    if command in ENDS:
        return ENDS[command]
    return (7, "one\ntwo\n") if command == "fail" else (0, f"{command} read {text}")


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    """One server for all: none of the tests changes it."""
    with served(answer) as running:
        yield running
        RELEASED.set()


def said_by(login: Login, command: str = "command", limits: Limits = LIMITS) -> list[str]:
    heard: list[str] = []
    run(login, command, "text", limits, heard.append)
    return heard


def test_a_command_reads_its_text_and_what_it_says_is_heard(server: Served) -> None:
    assert said_by(server.login()) == ["command read text"]


def test_a_command_that_fails_ends_with_its_status_and_last_words(server: Served) -> None:
    ended = run(server.login(), "fail", "", LIMITS, lambda _line: None)
    assert (ended.status, ended.said) == (7, "one\ntwo")


@pytest.mark.parametrize("text", ["", "text"])
def test_a_command_that_ends_before_it_reads_anything_has_its_status(server: Served, text: str) -> None:
    assert {run(server.login(), DEAF, text, LIMITS, lambda _line: None).status for _ in range(10)} == {0}


def test_a_machine_with_another_host_key_is_given_nothing_and_its_key_is_named(server: Served) -> None:
    with pytest.raises(AnotherKeyError, match="SHA256:"):
        said_by(server.login(host_key=public(new_key())))


def test_a_key_that_is_not_let_in_is_told_from_a_machine_that_is_away(server: Served) -> None:
    with pytest.raises(RefusedError) as refused:
        said_by(server.login(private_key=private(new_key())))
    assert not isinstance(refused.value, AnotherKeyError)


def test_an_address_where_nobody_listens_is_dialled_for_a_while_and_no_longer(server: Served) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    login = server.login()
    away = Login(login.address, port, login.user, login.host_key, login.private_key)
    began = time.monotonic()
    with pytest.raises(UnreachableError, match=r"(?i)connect.*, for 1.5 s"):
        said_by(away, limits=Limits(patience=1.5, seconds=10, cancelled=lambda: False))
    assert 1 <= time.monotonic() - began < 10


def test_a_command_without_an_end_is_given_up_at_its_limit(server: Served) -> None:
    with pytest.raises(TimedOutError, match=r"no end within 0.2 s"):
        said_by(server.login(), "hang", Limits(patience=0, seconds=0.2, cancelled=lambda: False))


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("goes", r"ended while the command ran \(no exit status\); the last that it said: one; two"),
        ("drops", r"ended while the command ran \(Connection lost\), before it said anything"),
    ],
)
def test_a_connection_that_ends_in_the_middle_is_told_with_what_was_said(
    server: Served, command: str, told: str
) -> None:
    with pytest.raises(UnreachableError, match=told):
        said_by(server.login(), command)


def test_a_cancelled_run_ends_at_once(server: Served) -> None:
    began = time.monotonic()
    with pytest.raises(CancelledError):
        said_by(
            server.login(), "hang", Limits(patience=0, seconds=60, cancelled=lambda: time.monotonic() > began + 0.3)
        )
    assert time.monotonic() - began < 3


def test_a_private_key_shows_in_no_text_of_a_login(server: Served) -> None:
    assert "PRIVATE KEY" not in repr(server.login())
