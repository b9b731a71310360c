"""Property values as the engine puts them on the wire, as plain Python data."""

from collections.abc import Mapping
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

Properties = Mapping[str, Any]


def secret(value: Any) -> dict[str, Any]:
    return {SIGNATURE: SECRET, "value": value}


def is_secret(value: Any) -> bool:
    return isinstance(value, dict) and value.get(SIGNATURE) == SECRET


def revealed(value: Any) -> Any:
    """The value without marks of secrecy, at any depth."""
    if is_secret(value):
        return revealed(value["value"])
    if isinstance(value, dict):
        return {key: revealed(element) for key, element in value.items()}
    if isinstance(value, list):
        return [revealed(element) for element in value]
    return value


def to_struct(properties: Properties) -> Struct:
    struct = Struct()
    struct.update(dict(properties))
    return struct


def from_struct(struct: Struct) -> dict[str, Any]:
    return dict(MessageToDict(struct))
