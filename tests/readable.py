"""A wait for a process's first words, whatever the numbers of file descriptors are: `select` takes those below 1024."""

import selectors
from typing import IO


def is_readable(stream: IO[str] | IO[bytes], seconds: float) -> bool:
    """Whether something can be read, or the end was reached, within so many seconds."""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        return bool(selector.select(seconds))
