"""Limit: how many operations a host is given at once. Whoever waits for its turn can be cancelled."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from provider.vsphere.cancel import CancelToken

TICK_SECONDS = 0.25


class Limit:
    """At most `number` at once, the others wait."""

    def __init__(self, number: int) -> None:
        self._free = threading.BoundedSemaphore(number)

    @contextmanager
    def taken(self, cancel: CancelToken, doing: str) -> Iterator[None]:
        """Waits for a turn and holds it. Raises CancelledError."""
        while not self._free.acquire(timeout=TICK_SECONDS):
            cancel.check(doing)
        try:
            yield
        finally:
            self._free.release()
