"""A row of the table of a machine's settings: its name in the protocol, what it may be, what another value takes. Pure.

The rows themselves stand where the values do, in desired.py.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import Any, get_type_hints

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
RESERVED_PREFIXES = ("kubelab.", "guestinfo.")  # extraConfig keys that are the driver's own


class Effect(Enum):
    """What another value takes."""

    NOTHING = "it is not compared"
    IN_PLACE = "the machine runs on"
    POWER_CYCLE = "the machine is shut down and started again"
    GROWTH = "in place if it is more, another machine if it is less"
    RAISE = "one power cycle if it is more, refused if it is less"
    BY_KEY = "each key by itself, in place"
    CARDS = "each card by itself, in place"
    DISKS = "each disk by itself: made and grown in place, deleted by word and while the machine is off, never shrunk"
    REPLACE = "another machine"


@dataclass(frozen=True, slots=True)
class Values:
    """What a value may be, in words and as a test; `convert` makes the driver's type of it.

    `empty` is what a property that the host does not show stands for.
    """

    wanted: str
    allows: Callable[[Any], bool]
    convert: Callable[[Any], Any] = lambda value: value
    empty: Any = None


@dataclass(frozen=True, slots=True)
class Field:
    """One setting. `path` is the API's property that shows it, `spec` the one of ConfigSpec that sets it.

    Both are empty for what has its own place in observe.py and spec.py: devices, extraConfig, first-boot data.
    """

    name: str
    values: Values
    effect: Effect
    path: str = ""
    spec: str = ""
    optional: bool = False
    secret: bool = False

    def fault(self, value: Any) -> str | None:
        """What is wrong with a value, None if nothing is."""
        if self.values.allows(value):
            return None
        return f"found {'another value' if self.secret else repr(value)}, wanted {self.values.wanted}"


def rows(record: type) -> dict[str, Field]:
    """The rows that annotate a dataclass, by attribute."""
    hints = get_type_hints(record, include_extras=True).items()
    found = ((name, note) for name, hint in hints for note in getattr(hint, "__metadata__", ()))
    return {name: note for name, note in found if isinstance(note, Field)}


def whole(least: int, most: int, *, of: str = "", step: int = 1) -> Values:
    """Whole numbers from `least` to `most`, multiples of `step`; `of` is the unit."""
    multiple = f", a multiple of {step}" if step > 1 else ""
    return Values(
        f"a whole number{f' of {of}' if of else ''} from {least} to {most}{multiple}",
        lambda value: type(value) is int and least <= value <= most and value % step == 0,
        empty=0,
    )


def text(wanted: str) -> Values:
    """Any text but the empty one."""
    return Values(wanted, lambda value: isinstance(value, str) and bool(value))


def _matches(pattern: re.Pattern[str], wanted: str) -> Values:
    return Values(wanted, lambda value: isinstance(value, str) and bool(pattern.fullmatch(value)))


def _is_network(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(IPv4Network(value))
    except ValueError:
        return False


def _is_interface(value: Any) -> bool:
    try:
        return isinstance(value, str) and "/" in value and bool(IPv4Interface(value))
    except ValueError:
        return False


def _is_address(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(IPv4Address(value))
    except ValueError:
        return False


def _is_list(value: Any, allows: Callable[[Any], bool]) -> bool:
    return isinstance(value, list) and all(map(allows, value))


def _is_texts(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(item, str) and item for item in value.values())


def _is_extra_config(value: Any) -> bool:
    return _is_texts(value) and not any(key.startswith(RESERVED_PREFIXES) for key in value)


POWER = Values("on or off", lambda value: value in ("on", "off"))
TRUTH = Values("true or false", lambda value: isinstance(value, bool), empty=False)
LABEL = _matches(_LABEL, "an RFC 1123 label such as w1")
SHA256 = _matches(_SHA256, "64 hex digits")
NETWORK = Values("an IPv4 network such as 10.87.0.0/24", _is_network, IPv4Network)
MAC = _matches(_MAC, "a MAC address in lower case such as 00:50:56:00:00:0b")
INTERFACE = Values("an IPv4 address with its prefix such as 10.87.0.11/24", _is_interface, IPv4Interface)
ADDRESS = Values("an IPv4 address such as 10.87.0.1", _is_address)
ADDRESSES = Values("a list of IPv4 addresses", lambda value: _is_list(value, _is_address), tuple)
DOMAINS = Values(
    "a list of DNS domains", lambda value: _is_list(value, lambda item: isinstance(item, str) and bool(item)), tuple
)
TEXTS = Values("a map of non-empty texts", _is_texts, dict)
EXTRA_CONFIG = Values(
    f"a map of non-empty texts without keys in {' or '.join(RESERVED_PREFIXES)}*", _is_extra_config, dict
)
