"""What many machines ask for at once, a host is asked for once."""

import threading
import time

import pytest

from provider.vsphere.recent import Recent


def test_of_those_who_ask_at_once_one_asks_the_host() -> None:
    recent, asked, begin = Recent(), [], threading.Barrier(8)

    def ask() -> int:
        asked.append(1)
        return 7

    def work() -> None:
        begin.wait()
        assert recent.of(("datastore",), ask) == 7

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(asked) == 1


def test_an_answer_is_kept_for_a_moment_and_an_error_not_at_all() -> None:
    recent, answers = Recent(seconds=0), iter(range(9))
    assert [recent.of(("key",), lambda: next(answers)) for _ in range(2)] == [0, 1]
    recent = Recent()
    with pytest.raises(ZeroDivisionError):
        recent.of(("key",), lambda: 1 // 0)
    assert [recent.of(("key",), lambda: next(answers)) for _ in range(2)] == [2, 2]
    assert recent.of(("other key",), lambda: next(answers)) == 3


def test_an_answer_to_what_was_asked_before_it_was_forgotten_is_not_kept() -> None:
    recent = Recent()

    def ask() -> str:
        recent.forget("base")  # by another thread, while the host answers
        return "the base machine that is gone"

    recent.of(("base", "a"), ask)
    assert recent.of(("base", "a"), lambda: "the new one") == "the new one"
    recent.forget("network")
    assert recent.of(("base", "a"), lambda: "a third one") == "the new one"


def test_what_may_not_be_old_is_asked_for_after_the_call_and_shared_by_those_who_wait() -> None:
    recent, begin, told, asked = Recent(), threading.Barrier(8), [], []
    answering = threading.Event()

    def ask() -> float:
        asked.append(time.monotonic())
        answering.wait(0.05)  # a host takes longer to answer than eight threads to ask
        return asked[-1]

    def work() -> None:
        begin.wait()
        called = time.monotonic()
        told.append(recent.now(("disks",), ask) >= called)

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert told == [True] * 8
    assert len(asked) < 8
    assert recent.now(("disks",), lambda: "a later state") == "a later state"
