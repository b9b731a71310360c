"""Recent: what was just read from a host, for many machines that ask for the same at once."""

import threading
import time
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")
SECONDS = 5.0


class Recent:
    """Answers that are `seconds` old at most. Of those who ask for the same at once, one asks the host."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._guard = threading.Lock()
        self._asking: dict[tuple[Hashable, ...], threading.Lock] = {}
        self._known: dict[tuple[Hashable, ...], tuple[float, Any]] = {}
        self._current: dict[tuple[Hashable, ...], tuple[float, Any]] = {}  # times of asking, and answers
        self._forgotten = 0  # times: what was asked before one of them is not kept after it

    def of(self, key: tuple[Hashable, ...], ask: Callable[[], T]) -> T:
        """The answer to `ask`, or one that it gave a moment ago under this key. What it raises is not kept."""
        with self._guard:
            asking = self._asking.setdefault(key, threading.Lock())
        with asking:
            with self._guard:
                until, known = self._known.get(key, (0.0, None))
                forgotten = self._forgotten
            if until < time.monotonic():
                known = ask()
                with self._guard:
                    if forgotten == self._forgotten:
                        self._known[key] = time.monotonic() + self._seconds, known
            return known  # type: ignore[no-any-return, unused-ignore]

    def now(self, key: tuple[Hashable, ...], ask: Callable[[], T]) -> T:
        """The answer to `ask`, or one under this key that was asked for after this call began: no older state than now.

        Of many who ask at once, all but the first share one answer. What it raises is not kept.
        """
        called = time.monotonic()
        with self._guard:
            asking = self._asking.setdefault(key, threading.Lock())
        with asking:
            asked, known = self._current.get(key, (0.0, None))
            if asked < called:
                asked, known = time.monotonic(), ask()
                self._current[key] = asked, known
            return known  # type: ignore[no-any-return, unused-ignore]

    def forget(self, kind: str) -> None:
        """Answers under keys that begin with this are asked for again: what they were about is another one now."""
        with self._guard:
            self._forgotten += 1
            self._known = {key: held for key, held in self._known.items() if key[:1] != (kind,)}
