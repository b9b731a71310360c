"""Which control plane a step of the cluster runs on: one that answers."""

import socket
import threading

import pytest

from components import control_planes
from components.control_planes import answers_ssh, first_answering

ADDRESSES = ["10.87.0.10", "10.87.0.11", "10.87.0.12"]


@pytest.mark.parametrize(
    ("answering", "chosen"),
    [(ADDRESSES, 0), (ADDRESSES[1:], 1), (ADDRESSES[2:], 2), ([], 0)],
    ids=["all", "not the first", "the last alone", "none"],
)
def test_the_first_that_answers_in_the_declared_order_is_chosen(answering: list[str], chosen: int) -> None:
    """When none does, the step's own error names the first."""
    assert first_answering(ADDRESSES, answering.__contains__) == chosen


def test_nobody_is_asked_after_one_has_answered() -> None:
    asked: list[str] = []

    def answers(address: str) -> bool:
        asked.append(address)
        return True

    first_answering(ADDRESSES, answers)
    assert asked == ADDRESSES[:1]


def test_a_machine_answers_when_its_ssh_port_takes_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(control_planes, "SSH_PORT", server.getsockname()[1])
        taking = threading.Thread(target=lambda: server.accept()[0].close(), daemon=True)
        taking.start()
        assert answers_ssh("127.0.0.1")
        taking.join(timeout=10)
    assert not answers_ssh("127.0.0.1")
