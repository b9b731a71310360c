"""Worker: a prepared node that joins by a certificate of its host key, and leaves drained."""

from dataclasses import replace

import pulumi

from components.cluster import Cluster
from components.node import Node
from components.script import Script
from components.steps.cluster import join, membership
from components.steps.node import preflight
from config import LabConfig, NodeConfig


class Worker(pulumi.ComponentResource):
    """A membership kept on a control plane, and the join by what it gives. Removing the worker drains its node first.

    The membership lives as long as the cluster, whichever control plane it is kept on, and is made anew with the
    worker's machine alone.
    """

    membership: Script
    joined: Script

    def __init__(
        self,
        name: str,
        node: NodeConfig,
        config: LabConfig,
        prepared: Node,
        cluster: Cluster,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("kubelab:cluster:Worker", name, None, opts)
        shared, site = config.cluster, config.site
        self.membership = Script(
            f"{name}-membership",
            membership.STEP,
            replace(cluster.host, instance_id=prepared.host.instance_id),
            pulumi.Output.all(
                prepared.host.host_key, cluster.host.instance_id, cluster.renewals, prepared.checked.stdout
            ).apply(
                lambda known: membership.environment(
                    name, shared, known[0], known[1], known[2], preflight.identity(known[3])
                )
            ),
            parent=self,
            # Not for a result: its removal, which drains, is to come before anything of the node is undone.
            depends_on=[prepared.packages],
        )
        self.joined = Script(
            f"{name}-join",
            join.STEP,
            prepared.host,
            pulumi.Output.all(prepared.address, cluster.endpoint, pulumi.Output.unsecret(self.membership.stdout)).apply(
                lambda known: join.environment(node, site, known[0], known[1], membership.admission(known[2]))
            ),
            parent=self,
        )
        self.register_outputs({})
