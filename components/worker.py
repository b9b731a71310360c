"""Worker: a prepared node that joins with a token of its own, and leaves drained."""

from dataclasses import replace

import pulumi

from components.cluster import Cluster
from components.node import Node
from components.script import Script
from components.steps import join, membership
from config import NodeConfig, SiteConfig


class Worker(pulumi.ComponentResource):
    """A membership kept on a control plane, and the join with its token. Removing the worker drains its node first.

    The membership lives as long as the cluster, whichever control plane it is kept on, and is made anew with the
    worker's machine alone.
    """

    membership: Script
    joined: Script

    def __init__(
        self,
        name: str,
        node: NodeConfig,
        site: SiteConfig,
        prepared: Node,
        cluster: Cluster,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("kubelab:cluster:Worker", name, None, opts)
        self.membership = Script(
            f"{name}-membership",
            membership.STEP,
            replace(cluster.host, instance_id=prepared.host.instance_id),
            pulumi.Output.from_input(cluster.host.instance_id).apply(lambda id_: membership.environment(name, id_)),
            parent=self,
            # A token lives for minutes: it is made once all that takes long is done.
            depends_on=[prepared.packages],
        )
        self.joined = Script(
            f"{name}-join",
            join.STEP,
            prepared.host,
            pulumi.Output.all(prepared.address, cluster.endpoint, self.membership.stdout).apply(
                lambda known: join.environment(node, site, known[0], known[1], membership.admission(known[2]))
            ),
            parent=self,
        )
        self.register_outputs({})
