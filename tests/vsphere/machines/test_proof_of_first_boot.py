"""A machine counts as made once its ssh server has the host key that it was given; what else holds is told."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace

import asyncssh
import pytest

from provider.guest_ssh import ask_ssh
from provider.vsphere.desired import DesiredMachine
from provider.vsphere.errors import VsphereError
from provider.vsphere.model import HalfMadeError, Heard, SshAnswer
from tests.vsphere.conftest import Driver
from tests.vsphere.simulator import Simulator

PINNED = "cloud-init did not take the data that kubelab gave: see in the image that no file of /etc/cloud/cloud.cfg.d"
UNFINISHED = "cloud-init has read the data and is not finished, or sshd does not run"


@pytest.mark.case("C24")
def test_a_machine_is_ready_once_its_host_key_was_seen(
    simulator: Simulator, driver: Driver, w1: DesiredMachine
) -> None:
    assert driver.create(w1).ready
    assert driver.asked == [("10.87.0.11", w1.host_key_public)]
    assert simulator.extra_config("w1")["kubelab.phase"] == "ready"


@pytest.mark.case("C23", "C24")
@pytest.mark.parametrize(
    ("answer", "userdata", "said"),
    [
        (
            SshAnswer(Heard.NOTHING, "Connection refused"),
            None,
            "no ssh server (Connection refused); look, in this order",
        ),
        (
            SshAnswer(Heard.NOTHING, "No route to host"),
            None,
            "that it is powered on, that the address is its own, that",
        ),
        (SshAnswer(Heard.NOTHING, "Connection refused"), "---", UNFINISHED),
        (SshAnswer(Heard.ANOTHER_KEY, "SHA256:abc"), None, f"another host key (SHA256:abc); {PINNED}"),
        (SshAnswer(Heard.ANOTHER_KEY, "SHA256:abc"), "---", "has read the data but its host key is not in use"),
    ],
)
def test_a_machine_without_its_host_key_is_unfinished_and_says_what_to_look_at(
    simulator: Simulator, driver: Driver, w1: DesiredMachine, answer: SshAnswer, userdata: str | None, said: str
) -> None:
    driver.answer = answer
    if userdata:
        driver.on_progress = lambda message: (
            simulator.set_extra_config("w1", guestinfo__userdata=userdata) if "ssh" in message else None
        )
    with pytest.raises(HalfMadeError) as caught:
        driver.create(w1, seconds=2)

    message = str(caught.value)
    assert "waiting for the ssh host key of w1: not done after 2 s; last seen: power state poweredOn" in message
    assert "address 10.87.0.11" in message
    assert said in message
    assert not caught.value.state.ready
    assert simulator.extra_config("w1")["kubelab.phase"] == "creating"


@pytest.mark.case("C24")
def test_a_machine_that_had_no_proof_is_asked_again_by_the_next_run(driver: Driver, w1: DesiredMachine) -> None:
    driver.answer = SshAnswer(Heard.ANOTHER_KEY)
    with pytest.raises(HalfMadeError):
        driver.create(w1, seconds=1)
    driver.answer = SshAnswer(Heard.OUR_KEY)
    assert driver.update(w1).ready


@pytest.mark.case("C24")
def test_a_machine_that_runs_and_was_proven_is_not_asked_again(driver: Driver, w1: DesiredMachine) -> None:
    driver.create(w1)
    driver.asked.clear()
    driver.update(replace(w1, disk_gib=5))
    assert driver.asked == []


@pytest.mark.case("V16")
def test_two_machines_that_report_one_address_are_both_named_with_the_remedy(
    driver: Driver, w1: DesiredMachine
) -> None:
    driver.create(w1)
    with pytest.raises(VsphereError) as caught:
        driver.create(replace(w1, name="w2"))

    message = str(caught.value)
    assert "machines w2 (00:0c:29:" in message
    assert "and w1 (00:0c:29:" in message
    assert "both report 10.87.0.11: a DHCP server gives it to both" in message
    assert "/etc/machine-id" in message


@pytest.mark.case("V16")
def test_a_machine_that_is_off_does_not_hold_its_address(
    simulator: Simulator, driver: Driver, w1: DesiredMachine
) -> None:
    driver.create(w1)
    simulator.power_off("w1")
    assert driver.create(replace(w1, name="w2")).address == "10.87.0.11"


class Guest:
    """An ssh server on 127.0.0.1 at `port` with `host_key`."""

    def __init__(self, algorithm: str) -> None:
        self._key = asyncssh.generate_private_key(algorithm)
        self.host_key = self._key.export_public_key().decode()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(30)
        self.port: int = self._server.get_port()

    async def _listen(self) -> asyncssh.SSHAcceptor:
        return await asyncssh.listen("127.0.0.1", 0, server_host_keys=[self._key])

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)


@pytest.fixture
def guest() -> Iterator[Guest]:
    guest = Guest("ssh-ed25519")
    yield guest
    guest.stop()


@pytest.fixture
def stock_guest() -> Iterator[Guest]:
    """One without a key of our kind."""
    guest = Guest("ecdsa-sha2-nistp256")
    yield guest
    guest.stop()


@pytest.mark.case("C24")
def test_an_ssh_server_is_known_by_its_host_key_whatever_the_comment(guest: Guest) -> None:
    assert ask_ssh("127.0.0.1", f"{guest.host_key.strip()} w1", guest.port) == SshAnswer(Heard.OUR_KEY)


def heard_at(port: int, key: str) -> SshAnswer:
    """What is heard there at last: as the driver does, a connection that was lost is tried again."""
    answers = (ask_ssh("127.0.0.1", key, port) for _ in range(10))
    return next((answer for answer in answers if answer.heard is not Heard.NOTHING), SshAnswer(Heard.NOTHING))


@pytest.mark.case("C24")
def test_another_host_key_and_one_of_another_kind_are_told_with_what_was_seen(guest: Guest, stock_guest: Guest) -> None:
    other = heard_at(guest.port, "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAA w1")
    assert other.heard is Heard.ANOTHER_KEY
    assert other.evidence.startswith("SHA256:")
    of_another_kind = heard_at(stock_guest.port, guest.host_key)
    assert of_another_kind.heard is Heard.ANOTHER_KEY
    assert "ssh-ed25519" in of_another_kind.evidence


@pytest.mark.case("C23")
def test_a_port_that_nothing_answers_at_is_told_with_the_systems_own_reason() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        answer = ask_ssh("127.0.0.1", "ssh-ed25519 AAAA w1", taken.getsockname()[1])
    assert answer.heard is Heard.NOTHING
    assert "refused" in answer.evidence.lower()


@pytest.mark.case("C23")
def test_a_port_that_is_no_ssh_server_is_told(guest: Guest) -> None:
    with socket.create_server(("127.0.0.1", 0)) as web:
        serving = threading.Thread(target=lambda: web.accept()[0].sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n" * 200))
        serving.start()
        answer = ask_ssh("127.0.0.1", guest.host_key, web.getsockname()[1])
        serving.join(30)
    assert answer.heard is Heard.NOTHING
    assert answer.evidence
