"""Cluster: kubeadm init on the first control plane, the kubeconfig that comes of it, and the pod network."""

from collections.abc import Mapping
from dataclasses import replace

import pulumi

from components.control_planes import one_that_answers
from components.node import Node
from components.script import Host, Script
from components.steps import apply_pod_network, init, kubeadm
from config import LabConfig


class Cluster(pulumi.ComponentResource):
    """What all control planes have in common, and what lives as long as they do.

    Settings may change later; what a cluster keeps for its life is refused by the step, with the difference. `host` is
    a control plane that answers: another `instance_id` only when the whole cluster was initialised anew.
    """

    endpoint: pulumi.Output[str]
    kubeconfig: pulumi.Output[str]
    host: Host
    pod_network: Script

    def __init__(
        self,
        name: str,
        config: LabConfig,
        prepared: Mapping[str, Node],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("kubelab:cluster:Cluster", name, None, opts)
        cluster, site = config.cluster, config.site
        node = config.control_planes[0]
        first = prepared[node.name]
        self.endpoint = first.address.apply(lambda address: kubeadm.endpoint(cluster, address))
        initialised = Script(
            f"{node.name}-init",
            init.STEP,
            first.host,
            first.address.apply(lambda address: init.environment(node, cluster, site, address)),
            parent=self,
            depends_on=[first.packages],
        )
        self.kubeconfig = initialised.stdout
        answering = one_that_answers([prepared[each.name].host for each in config.control_planes])
        self.host = replace(answering, machine=self, instance_id=initialised.id)
        self.pod_network = Script(
            "pod-network-apply",
            apply_pod_network.step(cluster),
            self.host,
            self.endpoint.apply(lambda endpoint: apply_pod_network.environment(cluster, site.mirrors, endpoint)),
            parent=self,
            depends_on=[initialised],
        )
        self.register_outputs({"endpoint": self.endpoint, "kubeconfig": self.kubeconfig})
