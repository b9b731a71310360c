"""What is said of a lab, and in what time."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from config import ConfigError
from config.reading import guard
from tests.unit.config.lab_folder import LabFolder

LONGEST_SECONDS = 2
LONG = 80_000
"""Characters of a value that is longer than any may be."""


@contextmanager
def in_time() -> Iterator[None]:
    """What happens inside takes no longer than any input may."""
    start = time.process_time()
    yield
    assert time.process_time() - start < LONGEST_SECONDS


def lines(lab: Callable[[], object]) -> list[str]:
    """What is said of a lab with faults."""
    with pytest.raises(ConfigError) as raised, in_time():
        lab()
    assert all(line.isprintable() for line in str(raised.value).split("\n"))
    assert guard.UNEXPECTED not in str(raised.value)
    return str(raised.value).split("\n")[1:]


def anything_said(lab: LabFolder) -> list[str]:
    """What is said of a lab that may have faults."""
    try:
        with in_time():
            lab.load()
    except ConfigError as error:
        return str(error).split("\n")
    return []
