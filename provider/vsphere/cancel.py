"""CancelToken: asked before every change and in every wait, so that a cancelled run stops promptly."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from provider.vsphere.errors import CancelledError


class CancelToken:
    """Set once, never cleared. `abandoned` means that the engine is gone: not even cleaning up may go on then."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._shield = threading.local()
        self.abandoned = False

    @contextmanager
    def shielded(self) -> Iterator[None]:
        """Lets this thread clean up after a cancelled run; no effect once the run is abandoned."""
        self._shield.active = True
        try:
            yield
        finally:
            self._shield.active = False

    def cancel(self, *, abandoned: bool = False) -> None:
        """Stops waits and keeps new changes from starting; may be called from any thread, again and again."""
        self.abandoned = self.abandoned or abandoned
        self._event.set()

    @property
    def cancelled(self) -> bool:
        """True once cancel was called."""
        return self._event.is_set()

    def check(self, doing: str) -> None:
        """Raises CancelledError if the run was cancelled."""
        if self.cancelled and (self.abandoned or not self._shielded):
            raise CancelledError(f"{doing}: cancelled")

    def sleep(self, seconds: float, doing: str) -> None:
        """Waits; raises CancelledError at once when the run is cancelled meanwhile."""
        self.check(doing)
        if self._shielded:
            time.sleep(seconds)
        else:
            self._event.wait(seconds)
        self.check(doing)

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
