"""One value against one type of Kubernetes' own source: what is wrong with it, in a message's words. Pure."""

import math
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from config.kubernetes.quantities import nanoseconds, number
from config.problems import shown

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_INTEGERS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        **{f"int{bits}": (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64)},
        **{f"uint{bits}": (0, 2**bits - 1) for bits in (8, 16, 32, 64)},
        "int": (-(2**63), 2**63 - 1),
        "uint": (0, 2**64 - 1),
    }
)
_WHOLE_NUMBER = re.compile(r"[+-]?(0[xX][0-9a-fA-F]{1,16}|0[bB][01]{1,64}|0[oO]?[0-7]{1,22}|0|[1-9][0-9]{0,19})")
_NUMBER = re.compile(r"[+-]?([0-9]{1,30}(\.[0-9]{0,30})?|\.[0-9]{1,30})([eE][+-]?[0-9]{1,2})?")
_TRUTHS = frozenset(("1", "t", "T", "true", "TRUE", "True", "0", "f", "F", "false", "FALSE", "False"))
"""What Go's strconv.ParseBool reads."""


def has_control_characters(text: str) -> bool:
    """Whether a text holds what no name, no argument and no line of a file may: line ends, NUL, escapes."""
    return _CONTROL.search(text) is not None


def unlike(kind: str, value: object, path: str) -> str | None:
    """Why a value of a document is not of a type that holds no others, None if it is: `found ..., wanted: ...`.

    `path` is where it was found: of a key that speaks of secrets no value is shown.
    """
    wanted = _unlike(kind, value)
    return f"found {shown(value, path)}, wanted: {wanted}" if wanted else None


def _unlike(kind: str, value: object) -> str | None:
    if kind == "bool":
        return None if isinstance(value, bool) else "true or false, without quotes"
    if kind in _INTEGERS:
        least, most = _INTEGERS[kind]
        if isinstance(value, bool) or not isinstance(value, int):
            return "a whole number"
        return None if least <= value <= most else f"a whole number from {least} to {most}"
    if kind.startswith("float"):
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return None if is_number and math.isfinite(float(str(value)[:400])) else "a number"
    if kind == "any":
        return None
    if kind == "durationOrNanoseconds" and isinstance(value, int) and not isinstance(value, bool):
        return _unlike("int64", value)
    if kind == "quantity" and isinstance(value, int) and not isinstance(value, bool):
        return _unlike("int64", value)
    return _unlike_text(kind, value)


def _unlike_text(kind: str, value: object) -> str | None:
    wanted, is_one = _TEXTS.get(kind, _TEXTS["string"])
    if not isinstance(value, str):
        return f"{wanted} (write it in quotes)"
    return None if not has_control_characters(value) and is_one(value) else wanted


def unlike_argument(kind: str, value: str) -> str | None:
    """Why a text is not what an argument of a Go type takes: `wanted: ...`; None if it is, or if the type is free."""
    if has_control_characters(value):
        return "wanted: a text of one line without control characters"
    if kind == "bool":
        return None if value in _TRUTHS else "wanted: true or false"
    if kind in _INTEGERS:
        return None if _WHOLE_NUMBER.fullmatch(value) else "wanted: a whole number"
    if kind.startswith("float"):
        return None if _NUMBER.fullmatch(value) else "wanted: a number"
    if kind == "duration":
        return None if _is_duration(value) else "wanted: a span of time such as 1m30s"
    return None


def _parses(parse: Callable[[str], object]) -> Callable[[str], bool]:
    def does(value: str) -> bool:
        try:
            parse(value)
        except ValueError:
            return False
        return True

    return does


_is_quantity, _is_duration = _parses(number), _parses(nanoseconds)


def _is_threshold(value: str) -> bool:
    share = value.removesuffix("%")
    return bool(_NUMBER.fullmatch(share)) if share != value else _is_quantity(value)


def _is_size(value: str) -> bool:
    return _is_quantity(value) and not value.startswith("-")


_TEXTS: Mapping[str, tuple[str, Callable[[str], bool]]] = MappingProxyType(
    {
        "string": ("text of one line", lambda _: True),
        "duration": ("a span of time such as 1m30s", _is_duration),
        "span": ("a span of time such as 1m30s", _is_duration),
        "durationOrNanoseconds": ("a span of time such as 5s", _is_duration),
        "quantity": ("a quantity such as 10Mi", _is_quantity),
        "size": ("a size such as 10Mi", _is_size),
        "threshold": ("a size such as 100Mi, or a share such as 10%", _is_threshold),
        "time": ("a time such as 2026-01-31T12:00:00Z", lambda value: "T" in value),
    }
)
