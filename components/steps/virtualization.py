"""Whether virtual machines run on a node: asked by the preflight, and by `make doctor` of a running one. Pure."""

from components.step import Step, read_script
from config import NodeConfig

STEP = Step("81-show-virtualization.sh", timeout_seconds=60)
_PROGRAM = "installed/run_guest.py"


def program(node: NodeConfig) -> str:
    """What runs a guest on the node, without comments; empty where nobody asks."""
    if node.machine.nested_virtualization == "off":
        return ""
    lines = read_script(_PROGRAM).splitlines(keepends=True)
    return "".join(line for line in lines if not line.lstrip().startswith("#"))


def environment(node: NodeConfig) -> dict[str, str]:
    """What a node is given on which a guest should run."""
    return {"RUN_GUEST": program(node)}
