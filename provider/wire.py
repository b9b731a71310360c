"""Pulumi's property maps to plain data and back: secrets are unwrapped and wrapped again, by top-level key. Pure."""

from collections.abc import Mapping
from typing import Any

from google.protobuf import json_format, struct_pb2

Properties = dict[str, Any]
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"  # the protocol's mark of a value that is not known yet
# The protocol's mark of a secret: a map with this key and value holds the secret under "value".
SIGNATURE_KEY = "4dabf18193072939515e22adb298388d"
SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"


def decode(struct: struct_pb2.Struct) -> tuple[Properties, frozenset[str]]:
    """The properties (whole numbers as int, null values left out) and the top-level keys that hold a secret."""
    raw: dict[str, Any] = json_format.MessageToDict(struct)
    secret = frozenset(key for key, value in raw.items() if _holds_secret(value))
    plain = {key: _plain(value) for key, value in raw.items()}
    return {key: value for key, value in plain.items() if value is not None}, secret


def encode(properties: Mapping[str, Any], secret: frozenset[str]) -> struct_pb2.Struct:
    """The property map with the values of the keys in `secret` wrapped."""
    wrapped = {
        key: {SIGNATURE_KEY: SECRET_SIGNATURE, "value": value} if key in secret else value
        for key, value in properties.items()
        if value is not None
    }
    struct = struct_pb2.Struct()
    struct.update(wrapped)
    return struct


def is_unknown(value: Any) -> bool:
    """True if a value, or anything in it, is not known before the run."""
    if isinstance(value, dict):
        return any(is_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(is_unknown(item) for item in value)
    return bool(value == UNKNOWN)


def _is_secret(value: Any) -> bool:
    return isinstance(value, dict) and value.get(SIGNATURE_KEY) == SECRET_SIGNATURE


def _holds_secret(value: Any) -> bool:
    if isinstance(value, dict):
        return _is_secret(value) or any(_holds_secret(item) for item in value.values())
    return isinstance(value, list) and any(_holds_secret(item) for item in value)


def _plain(value: Any) -> Any:
    if _is_secret(value):
        return _plain(value.get("value"))
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
