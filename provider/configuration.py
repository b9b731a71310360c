"""The provider's own configuration: what it may be, and as the driver wants it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provider import control_planes
from provider.vsphere import placement
from provider.vsphere.conditions import wanted
from provider.vsphere.conditions.wanted import WantedMachine
from provider.vsphere.endpoint import MOST_OPERATIONS, OPERATIONS, Endpoint, normalized_pin
from provider.vsphere.placement import KEYS, NOWHERE, Placement
from provider.wire import Properties, is_unknown

SECRET_KEYS = frozenset({"password"})
_DEFAULT_PORT = 443
_OF_NO_HOST = ("owner",)
OF_A_HOST = ("server", "user", "password")
_REQUIRED = (*OF_A_HOST, *_OF_NO_HOST)
_OF_TARGET = ("port", "tlsCaPem", "tlsSha256", "tlsInsecure", "operations", *KEYS)
_OPTIONAL = (*_OF_TARGET, *control_planes.KEYS, "machines")
_KNOWN = {*_REQUIRED, *_OPTIONAL, "version", "pluginDownloadURL"}
_LARGEST_PORT = 65535


@dataclass(frozen=True, slots=True)
class Configuration:
    """What the provider was configured with; None for what a preview does not know yet.

    `placement` is where in a vCenter; `machines` are all that are declared, so that what they want of the host together
    is known before the first one.
    """

    endpoint: Endpoint | None = None
    owner: str | None = None
    machines: tuple[WantedMachine, ...] = ()
    placement: Placement = NOWHERE


def faults(news: Properties) -> dict[str, str]:
    """What is wrong, by property, all at once; values that are not known yet pass.

    Without anything of a host, all machines of the lab exist, and none is asked.
    """
    required = _REQUIRED if any(news.get(key) for key in OF_A_HOST) else _OF_NO_HOST
    found = {key: "missing" for key in required if not news.get(key)}
    found |= {key: "unknown property" for key in sorted(set(news) - _KNOWN) if not key.startswith("__")}
    port = _number(news.get("port", _DEFAULT_PORT))
    if not is_unknown(news.get("port")) and not (port is not None and 0 < port <= _LARGEST_PORT):
        found["port"] = f"found {news['port']!r}, wanted a number from 1 to {_LARGEST_PORT}"
    pin = news.get("tlsSha256")
    if pin is not None and not is_unknown(pin) and normalized_pin(str(pin)) is None:
        found["tlsSha256"] = f"found {pin!r}, wanted the certificate's SHA-256 as 64 hex digits (colons are allowed)"
    operations = _number(news.get("operations", OPERATIONS))
    if not is_unknown(news.get("operations")) and not (operations is not None and 0 < operations <= MOST_OPERATIONS):
        found["operations"] = f"found {news['operations']!r}, wanted a number from 1 to {MOST_OPERATIONS}"
    placed = {key: news[key] for key in KEYS if news.get(key) is not None and not is_unknown(news[key])}
    found |= {key: fault for key, value in placed.items() if (fault := placement.fault(key, value))}
    try:
        _machines(news)
    except ValueError as error:
        found["machines"] = f"{error}"
    return found


def configuration(args: Mapping[str, Any]) -> Configuration:
    """The configuration; it has no endpoint as long as a part of it is not known."""
    owner = args.get("owner")
    needed = [args.get(key) for key in ("server", "user", "password", "port", "tlsCaPem", "tlsSha256")]
    endpoint = None
    if not any(is_unknown(value) for value in needed) and all(args.get(key) for key in ("server", "user", "password")):
        endpoint = Endpoint(
            server=str(args["server"]),
            port=_number(args.get("port", _DEFAULT_PORT)) or _DEFAULT_PORT,
            user=str(args["user"]),
            password=str(args["password"]),
            ca_pem=args.get("tlsCaPem"),
            sha256=args.get("tlsSha256"),
            insecure=str(args.get("tlsInsecure", False)).lower() == "true",
            operations=_number(args.get("operations")) or OPERATIONS,
        )
    owned_by = None if owner is None or is_unknown(owner) else str(owner)
    return Configuration(endpoint, owned_by, _machines(args), placement.placement(args))


def _machines(properties: Mapping[str, Any]) -> tuple[WantedMachine, ...]:
    value = properties.get("machines")
    return () if value is None or is_unknown(value) else wanted.parsed(str(value))


def _number(value: Any) -> int | None:
    """Provider inputs may arrive as text."""
    try:
        return int(value)
    except (TypeError, ValueError):
        return None
