"""What all parts of the schema have in common: nothing unknown, nothing converted, nothing changed afterwards."""

from pydantic import BaseModel, ConfigDict

_UNITS = {"mib": "MiB", "gib": "GiB"}


def camel_case(name: str) -> str:
    """`memory_mib` as a user writes it: `memoryMiB`."""
    first, *rest = name.split("_")
    return first + "".join(_UNITS.get(word, word.capitalize()) for word in rest)


class Spec(BaseModel):
    """A part of what a user writes. Only the camelCase names are accepted; texts stay texts, numbers stay numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, alias_generator=camel_case)
