"""What a stack needs of the lab, as its stack file says: runtimes, handlers and guest systems of its nodes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from toolchain.errors import SetupError

# The product's own default, for a stack file that names none.
DEFAULT_RUNTIME = "containerd"


@dataclass(frozen=True, slots=True)
class Needs:
    """Words of stack files; `systems`: of nodes that have an image of their own."""

    runtimes: frozenset[str]
    systems: frozenset[str]
    handlers: frozenset[str] = frozenset()


def needs_of(stack: str, stacks: Path) -> Needs:
    """What the nodes of a stack need; `stack`: its name, also a fully qualified one; `stacks`: the folder of the stack
    files.

    What a word means, and whether the rest of the file is right, is not decided here. SetupError when there is no such
    file, or it is no YAML.
    """
    file = stacks / f"Pulumi.{stack.rpartition('/')[2]}.yaml"
    try:
        document = yaml.safe_load(file.read_text())
    except FileNotFoundError as error:
        known = ", ".join(sorted(other.name.split(".")[1] for other in stacks.glob("Pulumi.*.yaml")))
        raise SetupError(f"stack {stack}: no file {file}; choose one of {known}, or write it") from error
    except yaml.YAMLError as error:
        raise SetupError(f"stack {stack}: {file} is no YAML", tuple(str(error).splitlines())) from error
    settings = _mapping(_mapping(document).get("config"))
    nodes = [_mapping(node) for node in _mapping(settings.get("kubelab:nodes")).values()]
    cluster = _mapping(settings.get("kubelab:cluster"))
    common = _word(cluster.get("runtime")) or DEFAULT_RUNTIME
    runtimes = frozenset(_word(node.get("runtime")) or common for node in nodes) or frozenset({common})
    # A node's own list, even an empty one, stands over the cluster's.
    lists = [cluster.get("handlers") if node.get("handlers") is None else node["handlers"] for node in nodes]
    handlers = frozenset(word for each in lists for word in _words(each))
    return Needs(runtimes, frozenset(word for node in nodes if (word := _system(node.get("image")))), handlers)


def _system(image: object) -> str | None:
    """The guest system of an image, where the file says it."""
    return _word(image) or _word(_mapping(image).get("system"))


def _word(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _words(value: object) -> list[str]:
    return [word for word in value if isinstance(word, str)] if isinstance(value, list) else []


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}
