"""Lab: the one list that tells the story, from an ESXi host to a verified cluster."""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

import pulumi

from components.cluster import Cluster
from components.existing_machine import Existing
from components.machine import Machine
from components.machines import LabMachines
from components.node import Node
from components.script import Script, steps_provider
from components.steps.cluster import membership, settle_nodes, verification
from components.steps.node import inspection
from components.vsphere import MachineProvider
from components.worker import Worker
from config import LabConfig, NodeConfig


class NodeOutput(TypedDict):
    """One node as the stack's output shows it."""

    name: str
    address: pulumi.Output[str]
    role: str
    runtime: str
    runtimeVersion: str
    kubernetesVersion: str
    host: NotRequired[pulumi.Output[str]]


class Lab(pulumi.ComponentResource):
    """A whole lab: machines, prepared nodes, cluster, workers, proof."""

    kubeconfig: pulumi.Output[str]
    api_endpoint: pulumi.Output[str]
    nodes: list[NodeOutput]

    def __init__(
        self,
        name: str,
        config: LabConfig,
        provider: MachineProvider,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("kubelab:lab:Lab", name, None, opts)
        steps = steps_provider(self)
        inside = pulumi.ResourceOptions(parent=self, providers=[provider, steps])
        all_machines = LabMachines(config, inside)
        machines = {node.name: all_machines.of(node) for node in config.running}
        prepared = {node.name: Node(node.name, config, node, machines, inside) for node in config.running}
        cluster = Cluster("cluster", config, prepared, inside)
        for node in config.resting:
            machines[node.name] = all_machines.of(node, [self._left(node, config, cluster, steps)])
            prepared[node.name] = Node(node.name, config, node, machines, inside)
        workers = {
            node.name: Worker(node.name, node, config, prepared[node.name], cluster, inside) for node in config.workers
        }
        joined = {name: worker.joined for name, worker in workers.items()}
        members = {**{node.name: cluster.pod_network for node in config.control_planes}, **joined}
        settled = self._settled(config, prepared, cluster, workers, steps)
        facts = {
            node.name: self._inspected(node, prepared[node.name], members[node.name], steps) for node in config.nodes
        }
        here = [facts[node.name] for node in config.running]
        self._verified(config, prepared, cluster, here, settled, steps)
        self.kubeconfig = cluster.kubeconfig
        self.api_endpoint = cluster.endpoint
        self.nodes = [_shown(config, node, machines[node.name]) for node in config.nodes]
        self.register_outputs({"apiEndpoint": self.api_endpoint})

    def _left(self, node: NodeConfig, config: LabConfig, cluster: Cluster, steps: pulumi.ProviderResource) -> Script:
        """A worker that is to rest is drained and leaves, as one that is removed; its machine stays, and so does all
        that was done on it."""
        return Script(
            f"{node.name}-rest",
            membership.REST,
            cluster.host,
            membership.leave(node.name, config.cluster),
            parent=self,
            provider=steps,
            depends_on=[cluster.pod_network],
        )

    def _settled(
        self,
        config: LabConfig,
        prepared: Mapping[str, Node],
        cluster: Cluster,
        workers: Mapping[str, Worker],
        steps: pulumi.ProviderResource,
    ) -> Script:
        addresses = {node.name: prepared[node.name].address for node in config.running}
        return Script(
            "nodes-settle",
            settle_nodes.STEP,
            cluster.host,
            pulumi.Output.all(**addresses).apply(
                lambda known: settle_nodes.environment(
                    config.cluster, config.running, {name: known[name] for name in addresses}
                )
            ),
            parent=self,
            provider=steps,
            # A node that is registered anew has lost what it was given.
            triggers=[worker.membership.id for worker in workers.values()],
            depends_on=[cluster.pod_network, *(worker.joined for worker in workers.values())],
        )

    def _inspected(self, node: NodeConfig, prepared: Node, member: Script, steps: pulumi.ProviderResource) -> Script:
        return Script(
            f"{node.name}-inspect",
            inspection.STEP,
            prepared.host,
            inspection.environment(node.name),
            parent=self,
            provider=steps,
            # Nothing else that may change on a running node shows in the facts.
            triggers=[node.runtime_version],
            depends_on=[member],
        )

    def _verified(
        self,
        config: LabConfig,
        prepared: Mapping[str, Node],
        cluster: Cluster,
        inspections: list[Script],
        settled: Script,
        steps: pulumi.ProviderResource,
    ) -> None:
        addresses = {node.name: prepared[node.name].address for node in config.running}
        Script(
            "verification",
            verification.STEP,
            cluster.host,
            pulumi.Output.all(pulumi.Output.all(**addresses), *(each.stdout for each in inspections)).apply(
                lambda known: verification.environment(
                    config.cluster,
                    config.running,
                    {name: known[0][name] for name in addresses},
                    "\n".join(known[1:]),
                )
            ),
            parent=self,
            provider=steps,
            triggers=[each.host.instance_id for each in prepared.values()],
            depends_on=[cluster.dns, *inspections, settled],
        )


def _shown(config: LabConfig, node: NodeConfig, machine: Machine | Existing) -> NodeOutput:
    shown = NodeOutput(
        name=node.name,
        address=machine.address,
        role=node.role,
        runtime=node.runtime,
        runtimeVersion=node.runtime_version,
        kubernetesVersion=config.cluster.kubernetes_version,
    )
    several = len(config.site.vsphere) > 1
    return NodeOutput(**shown, host=machine.on) if several and isinstance(machine, Machine) else shown
