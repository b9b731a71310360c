"""Worker: a prepared node that joins with a token of its own, and leaves drained."""

import pulumi

from components import kubeadm
from components.control_plane import ControlPlane
from components.machine import Machine
from components.node import Node
from components.script import Log, Script
from config import NodeConfig, SiteConfig


class Worker(pulumi.ComponentResource):
    """Mint a token, join, wait for the node, delete the token. Removing the worker drains and deletes its node first.

    ``control_plane_node`` is where the token is minted and the membership kept.
    """

    member: Script

    def __init__(
        self,
        name: str,
        *,
        node_config: NodeConfig,
        site: SiteConfig,
        machine: Machine,
        node: Node,
        control_plane: ControlPlane,
        control_plane_node: Node,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("kubelab:cluster:Worker", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        minted = Script(
            f"{name}-mint-token",
            file="50-mint-token.sh",
            host=control_plane_node.host,
            environment={"WORKER": node_config.name},
            timeout_seconds=120,
            log=Log.STDERR,
            # A machine made anew needs a new token: the old one has been deleted.
            triggers=[node.host.incarnation],
            opts=inside,
            depends_on=[control_plane.initialised, node.packages],
        )
        token = minted.stdout.apply(lambda text: text.split()[0])
        ca_cert_hash = minted.stdout.apply(lambda text: text.split()[1])
        joined = Script(
            f"{name}-join",
            file="60-join-worker.sh",
            host=node.host,
            environment={
                "NODE_NAME": node_config.name,
                "CRI_SOCKET": node.runtime.cri_socket,
                "KUBEADM_CONFIG": pulumi.Output.all(
                    address=machine.address, endpoint=control_plane.endpoint, token=token, ca_cert_hash=ca_cert_hash
                ).apply(lambda known: kubeadm.join_document(site, node_config, **known)),
            },
            timeout_seconds=600,
            log=Log.STDERR,
            opts=inside,
            depends_on=[node.packages],
        )
        self.member = Script(
            f"{name}-membership",
            file="65-manage-membership.sh",
            host=control_plane_node.host,
            environment={"WORKER": node_config.name, "TOKEN": token},
            timeout_seconds=300,
            log=Log.STDERR,
            argument="admit",
            removal="remove",
            triggers=[node.host.incarnation],
            opts=inside,
            depends_on=[joined],
        )
        self.register_outputs({})
