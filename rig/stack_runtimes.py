"""Which container runtimes a stack's nodes have, as its stack file says."""

from collections.abc import Mapping
from pathlib import Path

import yaml

from toolchain.errors import SetupError

# The product's own default, for a stack file that names none.
DEFAULT = "containerd"


def runtimes_of(stack: str, stacks: Path) -> frozenset[str]:
    """The words for the nodes' runtimes; `stack`: its name, also a fully qualified one; `stacks`: the folder of the
    stack files.

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
    nodes = _mapping(settings.get("kubelab:nodes")).values()
    default = _runtime(settings.get("kubelab:cluster")) or DEFAULT
    return frozenset(_runtime(node) or default for node in nodes) or frozenset({default})


def _runtime(owner: object) -> str | None:
    word = _mapping(owner).get("runtime")
    return word if isinstance(word, str) else None


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}
