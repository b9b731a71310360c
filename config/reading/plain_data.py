"""What data may be before any schema sees it: JSON's kinds, within bounds that a description of a lab never meets.

Pydantic and all checks after it may walk the data as they like: it ends, and every text in it can be written to a file.
"""

import math
import unicodedata
from collections.abc import Iterator

DEEPEST = 32
"""Mappings and lists inside each other; settings of Kubernetes components have about six."""
MOST_VALUES = 30_000
"""Keys and values of one document, those behind an alias counted each time: a lab of 500 nodes has some 10,000."""

_LONGEST_KEY = 1_000
_LONGEST_TEXT = 65_536
_MOST_BITS = 1_024  # any number that JSON's readers hold, and a checksum of digits that lacks its quotes
_LAYOUT = "\t\n\r"

Place = tuple[str | int, ...]
Fault = tuple[Place, str]


def faults(data: object) -> list[Fault]:
    """Where `data` is not plain or beyond the bounds, each as the keys down to the place and the reason with a remedy.

    A text of several lines is fine; texts and keys are not shown. After too many values nothing more is looked at.
    """
    budget = _Budget()
    try:
        return list(_faults(data, (), budget))
    except _TooMuchError:
        text = f"found more than {MOST_VALUES} values, those behind an alias counted each time"
        return [((), f"{text}; write less, or fewer aliases inside each other")]


class _TooMuchError(Exception):
    pass


class _Budget:
    def __init__(self) -> None:
        self._left = MOST_VALUES

    def spend(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise _TooMuchError


def text_faults(text: str) -> list[str]:
    """What is wrong with one text, as in data."""
    return list(_text_faults(text, "text", _LONGEST_TEXT))


def _faults(data: object, place: Place, budget: _Budget) -> Iterator[Fault]:
    budget.spend()
    if isinstance(data, dict | list) and len(place) >= DEEPEST:
        yield place[:3], f"found more than {DEEPEST} mappings or lists inside each other; write them less deep"
        return
    match data:
        case None | bool():
            pass
        case str():
            yield from ((place, text) for text in _text_faults(data, "text", _LONGEST_TEXT))
        case int():
            if data.bit_length() > _MOST_BITS:
                yield place, f"found a number of more than {_MOST_BITS} bits; write a smaller one, or a text in quotes"
        case float():
            if not math.isfinite(data):
                yield place, "found a number without end, or one too large; write a smaller one, or a text in quotes"
        case dict():
            for key, value in data.items():
                yield from _key_faults(key, place)
                yield from _faults(value, (*place, str(key)), budget)
        case list():
            for index, value in enumerate(data):
                yield from _faults(value, (*place, index), budget)
        case _:
            yield place, f"found a YAML {type(data).__name__}, wanted: text (write it in quotes)"


def _key_faults(key: object, place: Place) -> Iterator[Fault]:
    if isinstance(key, str):
        yield from ((place, text) for text in _text_faults(key, "key", _LONGEST_KEY))
    else:
        yield place, "found a key that is not text; write it in quotes"


def _text_faults(text: str, kind: str, longest: int) -> Iterator[str]:
    if len(text) > longest:
        yield f"found a {kind} of {len(text)} characters, allowed: {longest}"
    special = next((each for each in text if unicodedata.category(each) in ("Cc", "Cs") and each not in _LAYOUT), None)
    if special is not None:
        yield f"found a {kind} with the character U+{ord(special):04X}, which cannot be written to files; remove it"
