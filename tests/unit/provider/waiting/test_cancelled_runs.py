"""Runs that are cancelled: they answer in time whatever the host does, and say what they left."""

import threading
import time

import pytest

from provider.running import Running
from provider.vsphere.cancel import CancelToken
from provider.vsphere.errors import CancelledError, VsphereError
from provider.vsphere.limit import Limit

SECONDS = 2.0  # that a user waits for at most


def cancelled_soon(cancel: CancelToken) -> None:
    threading.Timer(0.05, cancel.cancel).start()


def test_an_operation_whose_host_does_not_answer_ends_within_two_seconds_of_a_cancel() -> None:
    cancel, answer, logged_out = CancelToken(), threading.Event(), threading.Event()
    running = Running(cancel, logged_out.set)
    threading.Timer(0.05, running.cancel).start()
    began = time.monotonic()
    with pytest.raises(
        CancelledError, match=r"^w1: cancelled, while the host had not answered: .* the next up goes on"
    ):
        running.run("w1", lambda: answer.wait(30))
    assert time.monotonic() - began < SECONDS + 0.05
    assert logged_out.wait(SECONDS), "after its last answer the host is logged out of"
    answer.set()


def test_an_operation_that_cleans_up_in_time_says_itself_what_is_left() -> None:
    cancel = CancelToken()
    running = Running(cancel, lambda: None)
    threading.Timer(0.05, running.cancel).start()

    def operation() -> None:
        while not cancel.cancelled:
            time.sleep(0.01)
        with cancel.shielded():
            cancel.check("cleaning up")
        raise VsphereError("creating w1: cancelled; its folder is left")

    with pytest.raises(VsphereError, match=r"^creating w1: cancelled; its folder is left$"):
        running.run("w1", operation)


def test_cleaning_up_is_allowed_for_a_moment_and_not_at_all_once_the_engine_is_gone() -> None:
    cancel = CancelToken(cleaning=0.1)
    with cancel.shielded():
        cancel.check("anything")
        cancel.cancel()
        cancel.check("cleaning up")
        time.sleep(0.11)
        with pytest.raises(CancelledError, match=r"^cleaning up: cancelled$"):
            cancel.check("cleaning up")
    gone = CancelToken()
    gone.cancel(abandoned=True)
    with gone.shielded(), pytest.raises(CancelledError):
        gone.check("cleaning up")


def test_what_does_not_look_at_the_token_is_left_alone_at_a_cancel() -> None:
    cancel, end = CancelToken(), threading.Event()
    assert cancel.beside("asking", lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        cancel.beside("asking", lambda: 1 // 0)
    cancelled_soon(cancel)
    with pytest.raises(CancelledError, match=r"^asking: cancelled$"):
        cancel.beside("asking", lambda: end.wait(30))
    end.set()


def test_no_more_than_the_limit_run_at_once_and_a_cancel_ends_the_wait_for_a_turn() -> None:
    limit, cancel, running, most = Limit(2), CancelToken(), [], []

    def work() -> None:
        with limit.taken(cancel, "working"):
            running.append(1)
            most.append(len(running))
            time.sleep(0.02)
            running.pop()

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert max(most) == 2
    with limit.taken(cancel, "working"), limit.taken(cancel, "working"):
        cancelled_soon(cancel)
        with pytest.raises(CancelledError, match=r"^a third: cancelled$"), limit.taken(cancel, "a third"):
            raise AssertionError("there is no third turn")
