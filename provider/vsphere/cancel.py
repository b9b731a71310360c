"""CancelToken: asked before every change and in every wait, so that a cancelled run stops promptly."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from provider.vsphere.errors import CancelledError

T = TypeVar("T")
CLEANING_SECONDS = 1.5  # of a cancelled run; an engine waits for its answers, and its user for the engine
ANSWER_SECONDS = 0.3  # more, to say what is left
TICK_SECONDS = 0.1


class CancelToken:
    """Set once, never cleared. `abandoned` means that the engine is gone: not even cleaning up may go on then.

    Cleaning up has `cleaning` seconds. What is not done by then is left, marked, and the next run goes on with it.
    """

    def __init__(self, cleaning: float = CLEANING_SECONDS) -> None:
        self._event = threading.Event()
        self._shield = threading.local()
        self._cleaning = cleaning
        self._cancelled_at = 0.0
        self._lock = threading.Lock()
        self.abandoned = False

    @contextmanager
    def shielded(self) -> Iterator[None]:
        """Lets this thread clean up after a cancelled run, for a moment; no effect once the run is abandoned."""
        before, self._shield.active = self._shielded, True
        try:
            yield
        finally:
            self._shield.active = before

    def cancel(self, *, abandoned: bool = False) -> None:
        """Stops waits and keeps new changes from starting; may be called from any thread, again and again."""
        self.abandoned = self.abandoned or abandoned
        with self._lock:
            if not self.cancelled:
                self._cancelled_at = time.monotonic()
                self._event.set()

    @property
    def cancelled(self) -> bool:
        """True once cancel was called."""
        return self._event.is_set()

    def check(self, doing: str) -> None:
        """Raises CancelledError if the run was cancelled."""
        if self.cancelled and not self._may_clean_up:
            raise CancelledError(f"{doing}: cancelled")

    def sleep(self, seconds: float, doing: str) -> None:
        """Waits; raises CancelledError at once when the run is cancelled meanwhile."""
        self.check(doing)
        if self.cancelled:
            time.sleep(min(seconds, self._cleaning))
        else:
            self._event.wait(seconds)
        self.check(doing)

    def beside(self, doing: str, call: Callable[[], T], *, cleans_up: bool = False) -> T:
        """What a call returns that may not look at this token in time. It is left alone at a cancel.

        One that `cleans_up` is waited for until it is to be over with it. Raises CancelledError, and what it raises.
        """
        found: list[T] = []
        failed: list[BaseException] = []

        def run() -> None:
            try:
                found.append(call())
            except BaseException as error:
                failed.append(error)

        thread = threading.Thread(target=run, name="beside", daemon=True)
        thread.start()
        while thread.is_alive():
            thread.join(TICK_SECONDS)
            more = self._cleaning + ANSWER_SECONDS if cleans_up else 0
            if thread.is_alive() and self.cancelled and not self._is_within(more):
                raise CancelledError(f"{doing}: cancelled")
        if failed:
            raise failed[0]
        return found[0]

    @property
    def _may_clean_up(self) -> bool:
        return self._shielded and not self.abandoned and self._is_within(self._cleaning)

    def _is_within(self, seconds: float) -> bool:
        return time.monotonic() < self._cancelled_at + seconds

    @property
    def _shielded(self) -> bool:
        return getattr(self._shield, "active", False)


class Deadline:
    """A point in monotonic time, `seconds` from now."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    @property
    def remaining(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self._end - time.monotonic())

    @property
    def passed(self) -> bool:
        """True once the time is over."""
        return self.remaining == 0.0
