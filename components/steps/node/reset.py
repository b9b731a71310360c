"""The reset: a machine brought back to what it was before any installation. Pure."""

from components.runtimes import sockets
from components.step import Step
from components.steps.node import traces
from config import NodeConfig

STEP = Step("05-reset-node.sh", timeout_seconds=900)
REMOVAL = Step(STEP.file, STEP.timeout_seconds, argument="remove")
"""The same of a machine that goes on without kubelab, whatever it has of it."""


def is_wanted(node: NodeConfig) -> bool:
    """Whether a node has a reset at all: it is asked for, and looks for itself whether there is something to do.

    For another runtime, a machine that exists is left as it was found, and known anew (`REMOVAL`).
    """
    return node.clean_install or (node.on_runtime_change == "resetNode" and node.existing is None)


def environment(node: NodeConfig, ssh_user: str) -> dict[str, str]:
    """What the reset is given; `ssh_user` logs in to the machine, whose files and keys of its owner go as well."""
    return {
        "NODE_NAME": node.name,
        "ROLE": node.role,
        "RUNTIME": node.runtime,
        "CLEAN_INSTALL": str(node.clean_install).lower(),
        "OWN_FILES": "",
        "SSH_USER": ssh_user,
        "AUTHORIZED_KEYS": "",
        "TRACES": traces.all_traces(),
        "SOCKETS": sockets(),
    }
