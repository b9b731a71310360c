"""What the editor's schema knows of settings that are passed through: their names, of every minor."""

from collections.abc import Callable
from typing import Any

from config.kubernetes.facts import facts, minors


def names_of(structure: str) -> Callable[[dict[str, Any]], None]:
    """What adds the fields of a structure to the schema of a mapping; nothing is read before a schema is made."""

    def add(schema: dict[str, Any]) -> None:
        names = {name for minor in minors() for name in facts(minor).structures[structure]}
        schema["propertyNames"] = {"enum": sorted(names)}

    return add
