"""Whether virtual machines run on a node: asked by the preflight, and by `make doctor` of a running one. Pure."""

import re
from functools import cache

from components.step import Step, read_script, run_lines
from config import NodeConfig

STEP = Step("81-show-virtualization.sh", timeout_seconds=60)
_PROGRAM = "installed/run_guest.py"
_DOCSTRING = re.compile(r'^ *""".*?"""\n', re.MULTILINE | re.DOTALL)


def program(node: NodeConfig) -> str:
    """What runs a guest on the node, without what only people read; empty where nobody asks."""
    return "" if node.machine.nested_virtualization == "off" else _bare(read_script(_PROGRAM))


@cache
def _bare(text: str) -> str:
    """A program without its docstrings, comments and empty lines, as it goes to a machine and into a state."""
    return run_lines(_DOCSTRING.sub("", text))


def environment(node: NodeConfig) -> dict[str, str]:
    """What a node is given on which a guest should run."""
    return {"RUN_GUEST": program(node)}
