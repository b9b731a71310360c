"""Settings one by one, each with the spelling that Kubernetes gives its value. Pure."""

import json
from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from config.kubernetes.facts import Facts
from config.kubernetes.quantities import duration_text, quantity_text


def leaves(known: Facts, structure: str, settings: Mapping[str, JsonValue]) -> Iterator[tuple[str, str]]:
    """Path and value of each setting that is no mapping and no list itself, in the order of the settings.

    `settings` have no misfits. What is empty gives nothing: a component may show its default there.
    """
    for key, value in settings.items():
        yield from _under(known, known.structures[structure].get(key, "any"), value, key)


def _under(known: Facts, kind: str, value: JsonValue, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        fields = known.structures.get(kind, {})
        inner = kind.removeprefix("{}") if kind.startswith("{}") else "any"
        for key, each in value.items():
            yield from _under(known, fields.get(key, inner), each, f"{path}/{key}")
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _under(known, kind.removeprefix("[]"), each, f"{path}/{index}")
    elif value is not None:
        yield path, _text(kind, value)


def _text(kind: str, value: bool | float | str) -> str:
    if isinstance(value, str):
        # Of texts the kubelet shows what was written.
        return {"duration": duration_text, "durationOrNanoseconds": duration_text, "quantity": quantity_text}.get(
            kind, str
        )(value)
    if kind == "durationOrNanoseconds":
        return str(value)
    return str(int(value)) if isinstance(value, float) and value == int(value) else json.dumps(value)
