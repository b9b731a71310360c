"""Verification: the proof that the cluster works, run on its control plane whenever its nodes change."""

from collections.abc import Mapping, Sequence

import pulumi

from components.machine import Machine
from components.script import Script
from config import ClusterConfig
from config.versions import KubernetesRelease


class Verification(pulumi.ComponentResource):
    """Nodes by name, system pods, pods on two nodes, DNS, service addresses, logs and exec; then cleaned away."""

    def __init__(
        self,
        name: str,
        *,
        cluster: ClusterConfig,
        release: KubernetesRelease,
        machines: Mapping[str, Machine],
        control_plane_machine: Machine,
        depends_on: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("kubelab:cluster:Verification", name, None, opts)
        addresses = {node: machine.address for node, machine in machines.items()}
        Script(
            name,
            file="90-verify-cluster.sh",
            host=control_plane_machine.host,
            environment={
                "NODES": pulumi.Output.all(**addresses).apply(
                    lambda known: "\n".join(f"{node} {known[node]}" for node in addresses)
                ),
                "POD_SUBNET": cluster.pod_subnet,
                "DNS_DOMAIN": cluster.dns_domain,
                "TEST_IMAGE": release.agnhost_image,
            },
            timeout_seconds=1500,
            triggers=[machine.host.incarnation for machine in machines.values()],
            opts=pulumi.ResourceOptions(parent=self),
            depends_on=depends_on,
        )
        self.register_outputs({})
