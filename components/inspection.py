"""Inspection: what a node's runtime really is, seen on the node itself once it is a member."""

import pulumi

from components.node import Node
from components.runtimes import sockets
from components.script import Script
from config import NodeConfig


def environment(node: str) -> dict[str, str]:
    """What the inspection of a node is told."""
    return {"NODE_NAME": node, "SOCKETS": sockets()}


class Inspection(pulumi.ComponentResource):
    """Lines of node, fact and value; nothing is changed and nothing is compared here."""

    facts: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        node_config: NodeConfig,
        node: Node,
        member: pulumi.Resource,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("kubelab:node:Inspection", name, None, opts)
        inspected = Script(
            f"{name}-inspect",
            file="80-inspect-node.sh",
            host=node.host,
            environment=environment(name),
            timeout_seconds=300,
            # Nothing else that may change on a running node shows in the facts.
            triggers=[node_config.runtime_version],
            opts=pulumi.ResourceOptions(parent=self),
            depends_on=[member],
        )
        self.facts = inspected.stdout
        self.register_outputs({})
