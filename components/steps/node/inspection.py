"""The inspection: what a node's runtime really is, seen on the node itself once it is a member. Pure.

Its result is lines of node, fact and value; nothing is changed and nothing is compared.
"""

from components.runtimes import sockets
from components.step import Step

STEP = Step("80-inspect-node.sh", timeout_seconds=300)


def environment(name: str) -> dict[str, str]:
    """What the inspection of the node of that name is given."""
    return {"NODE_NAME": name, "SOCKETS": sockets()}
