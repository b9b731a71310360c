"""Progress lines: what is being made, and how long it took."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


class Progress:
    """Prints `[3/14] title ... 95 s`; a stream that is not a terminal gets whole lines only."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._count = 0
        self._total = 0

    def expect(self, total: int) -> None:
        """Announces how many steps follow; numbering starts again at 1."""
        self._count, self._total = 0, total

    def note(self, text: str) -> None:
        self._write(f"      {text}\n")

    def cached(self, title: str) -> None:
        self._write(f"{self._number()} {title}: cached\n")

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Times a step; the time is also printed when it fails."""
        number = self._number()
        self._write(f"{number} {title} ...\n")
        start = time.monotonic()
        outcome = "failed after"
        try:
            yield
            outcome = "done in"
        finally:
            self._write(f"{number} {title}: {outcome} {time.monotonic() - start:.1f} s\n")

    def _number(self) -> str:
        self._count += 1
        return f"[{self._count}/{max(self._total, self._count)}]"

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
