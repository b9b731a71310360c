"""Verification: the proof that the cluster works, run on its control plane whenever its nodes change."""

from collections.abc import Mapping, Sequence

import pulumi

from components.inspection import Inspection
from components.machine import Machine
from components.node import Node
from components.runtimes import RUNTIMES
from components.script import Script
from config import ClusterConfig, LabConfig, NodeConfig, versions


def environment(cluster: ClusterConfig, nodes: Sequence[NodeConfig]) -> dict[str, str]:
    """What verification is told of the declared cluster; the nodes' addresses and facts are known later."""
    return {
        "RUNTIMES": "\n".join(_declared(node) for node in nodes),
        "POD_SUBNET": cluster.pod_subnet,
        "DNS_DOMAIN": cluster.dns_domain,
        "TEST_IMAGE": versions.kubernetes(cluster.kubernetes_version).agnhost_image,
    }


def addresses(known: Mapping[str, str]) -> str:
    """Lines of: node, address."""
    return "\n".join(f"{node} {address}" for node, address in known.items())


def _declared(node: NodeConfig) -> str:
    runtime = RUNTIMES[node.runtime]
    return f"{node.name} {node.runtime} {runtime.cri_socket} {runtime.reported_as} {node.runtime_version}"


class Verification(pulumi.ComponentResource):
    """Nodes by name, their runtimes, system pods, a pod on every node, DNS, service addresses; then cleaned away."""

    def __init__(
        self,
        name: str,
        *,
        config: LabConfig,
        machines: Mapping[str, Machine],
        nodes: Mapping[str, Node],
        inspections: Sequence[Inspection],
        depends_on: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("kubelab:cluster:Verification", name, None, opts)
        known = {node.name: machines[node.name].address for node in config.nodes}
        Script(
            name,
            file="90-verify-cluster.sh",
            host=nodes[config.control_planes[0].name].host,
            environment={
                **environment(config.cluster, config.nodes),
                "NODES": pulumi.Output.all(**known).apply(
                    lambda all_known: addresses({node: all_known[node] for node in known})
                ),
                "NODE_FACTS": pulumi.Output.all(*(each.facts for each in inspections)).apply(
                    lambda facts: "\n".join(facts)
                ),
            },
            timeout_seconds=1500,
            triggers=[node.host.incarnation for node in nodes.values()],
            opts=pulumi.ResourceOptions(parent=self),
            depends_on=depends_on,
        )
        self.register_outputs({})
