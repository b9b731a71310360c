"""Sizes and spans of time as Kubernetes writes them: whether a text is one, and its one canonical spelling. Pure."""

import re
from decimal import ROUND_CEILING, Decimal

_BINARY = {f"{letter}i": 1024**power for power, letter in enumerate("KMGTPE", start=1)}
_DECIMAL = {letter: Decimal(10) ** power for letter, power in zip("num", (-9, -6, -3), strict=True)} | {
    letter: Decimal(1000) ** power for power, letter in enumerate(("", "k", "M", "G", "T", "P", "E"))
}
# More digits than this are no size of anything, and an exponent could make numbers without end.
_QUANTITY = re.compile(
    r"([+-]?(?:[0-9]{1,30}(?:\.[0-9]{0,30})?|\.[0-9]{1,30}))([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]{1,2})?"
)
_LARGEST = 2**63 - 1
_UNITS = {"ns": 1, "us": 1000, "µs": 1000, "μs": 1000, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
_SPAN = re.compile(r"([0-9]{1,19}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})(ns|us|µs|μs|ms|s|m|h)")
_DURATION = re.compile(rf"[+-]?(?:0|(?:{_SPAN.pattern})+)")


def number(quantity: str) -> Decimal:
    """What a quantity such as `10Mi`, `500m` or `1e3` stands for. Raises ValueError for what is none, or too large.

    https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
    """
    match = _QUANTITY.fullmatch(quantity)
    if match is None:
        raise ValueError(f"{quantity[:60]!r} is not a size such as 10Mi")
    digits, suffix = match[1], match[2] or ""
    if suffix in _BINARY:
        factor = Decimal(_BINARY[suffix])
    else:
        factor = _DECIMAL[suffix] if suffix in _DECIMAL else Decimal(10) ** int(suffix[1:])
    found = Decimal(digits) * factor
    if abs(found) > _LARGEST:
        raise ValueError(f"{quantity[:60]!r} is more than any size that Kubernetes counts")
    return found


def in_bytes(quantity: str) -> int:
    """A size such as `10Mi`, `50M` or `1048576`, in bytes. Raises ValueError for what is not more than 0."""
    found = int(number(quantity))
    if found <= 0:
        raise ValueError(f"{quantity!r} is not a size such as 10Mi")
    return found


def nanoseconds(duration: str) -> int:
    """A span of time such as `1m30s`, in nanoseconds, as Go's time.ParseDuration reads it. Raises ValueError."""
    if len(duration) > 100 or not _DURATION.fullmatch(duration):
        raise ValueError(f"{duration[:60]!r} is not a span of time such as 1m30s")
    spans = _SPAN.findall(duration)
    found = sum(int(Decimal(amount) * _UNITS[unit]) for amount, unit in spans)
    if found > _LARGEST:
        raise ValueError(f"{duration[:60]!r} is longer than any span that Go counts")
    return -found if duration.startswith("-") else found


def duration_text(duration: str) -> str:
    """A span of time in Go's one spelling (time.Duration.String): `1m0s` for `60s`."""
    total = nanoseconds(duration)
    sign, rest = "-" if total < 0 else "", abs(total)
    if rest == 0:
        return "0s"
    for unit, factor in (("ns", 1), ("µs", 1000), ("ms", 10**6)):
        if rest < factor * 1000:
            return f"{sign}{_short(Decimal(rest) / factor)}{unit}"
    hours, rest = divmod(rest, _UNITS["h"])
    minutes, rest = divmod(rest, _UNITS["m"])
    seconds = f"{_short(Decimal(rest) / _UNITS['s'])}s"
    return (
        f"{sign}{hours}h{minutes}m{seconds}" if hours else f"{sign}{minutes}m{seconds}" if minutes else sign + seconds
    )


def quantity_text(quantity: str) -> str:
    """A quantity in its one spelling (resource.Quantity.String): `1Gi` for `1024Mi`."""
    found = number(quantity)
    if not found:
        return "0"
    if quantity.endswith("i") and found == int(found):
        for suffix, factor in reversed(_BINARY.items()):
            if int(found) % factor == 0:
                return f"{int(found) // factor}{suffix}"
        return str(int(found))
    if re.search(r"[eE][+-]?[0-9]", quantity):
        exponent = 0
        while int(found) == found and found % 1000 == 0:
            found, exponent = found / 1000, exponent + 3
        return f"{_short(found)}e{exponent}" if exponent else _short(found)
    for suffix in ("E", "P", "T", "G", "M", "k", "", "m", "u"):
        amount = found / _DECIMAL[suffix]
        if amount == int(amount):
            return f"{int(amount)}{suffix}"
    return f"{(found / _DECIMAL['n']).to_integral_value(ROUND_CEILING):f}n"


def _short(amount: Decimal) -> str:
    """A number without an exponent and without zeros at its end."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
