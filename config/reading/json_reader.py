"""JSON as Pulumi hands configuration over, to plain data."""

import json
import math

_LONGEST_NUMBER = 300


def read_json(text: str | None) -> object:
    """The data of `text`, or `text` itself if it is no JSON: a plain text in the stack file arrives so. None for None.

    A number of too many digits becomes infinite, which the bounds of plain data refuse by its place.
    """
    if text is None:
        return None
    try:
        return json.loads(text, parse_int=_whole_number)
    except (ValueError, RecursionError):
        return text


def _whole_number(digits: str) -> int | float:
    return int(digits) if len(digits) <= _LONGEST_NUMBER else math.inf
