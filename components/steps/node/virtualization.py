"""Whether virtual machines run on a node: asked by the preflight, and by `make doctor` of a running one. Pure."""

import ast
from functools import cache

from components.step import Step, read_script
from config import NodeConfig

STEP = Step("81-show-virtualization.sh", timeout_seconds=60)
_PROGRAM = "installed/run_guest.py"


def program(node: NodeConfig) -> str:
    """What runs a guest on the node, without what only people read; empty where nobody asks."""
    return "" if node.machine.nested_virtualization == "off" else _bare(read_script(_PROGRAM))


@cache
def _bare(text: str) -> str:
    """A program without its docstrings, comments and empty lines, as it goes to a machine and into a state."""
    documented = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Module | ast.FunctionDef)]
    told = [node.body[0] for node in documented if ast.get_docstring(node) is not None]
    left_out = {line for each in told for line in range(each.lineno, (each.end_lineno or each.lineno) + 1)}
    lines = enumerate(text.splitlines(keepends=True), start=1)
    return "".join(
        line for number, line in lines if number not in left_out and line.strip() and not line.lstrip().startswith("#")
    )


def environment(node: NodeConfig) -> dict[str, str]:
    """What a node is given on which a guest should run."""
    return {"RUN_GUEST": program(node)}
