"""ControlPlane: kubeadm init on a prepared node, and the kubeconfig that comes of it."""

import pulumi

from components import kubeadm
from components.machine import Machine
from components.node import Node
from components.script import Log, Script
from config import ClusterConfig, NodeConfig, SiteConfig


class ControlPlane(pulumi.ComponentResource):
    """The first control plane.

    Its settings may change later; what a cluster keeps for its life is refused by the step, with the difference.
    """

    endpoint: pulumi.Output[str]
    kubeconfig: pulumi.Output[str]
    initialised: Script

    def __init__(
        self,
        name: str,
        *,
        node_config: NodeConfig,
        cluster: ClusterConfig,
        site: SiteConfig,
        machine: Machine,
        node: Node,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("kubelab:cluster:ControlPlane", name, None, opts)
        self.endpoint = machine.address.apply(kubeadm.api_endpoint)
        self.initialised = Script(
            f"{name}-init",
            file="40-init-control-plane.sh",
            host=node.host,
            environment={
                "NODE_NAME": node_config.name,
                "KUBEADM_CONFIG": machine.address.apply(
                    lambda address: kubeadm.init_documents(cluster, site, node_config, address)
                ),
                "IDENTITY": machine.address.apply(lambda address: kubeadm.identity(cluster, node_config, address)),
                "CRI_SOCKET": node.runtime.cri_socket,
                "CERT_SANS": " ".join(cluster.cert_sans),
                "API_ENDPOINT": self.endpoint,
            },
            timeout_seconds=900,
            # stdout is the kubeconfig.
            log=Log.STDERR,
            opts=pulumi.ResourceOptions(parent=self),
            depends_on=[node.packages],
        )
        self.kubeconfig = self.initialised.stdout
        self.register_outputs({"endpoint": self.endpoint, "kubeconfig": self.kubeconfig})
