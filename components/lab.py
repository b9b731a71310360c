"""Lab: the one list that tells the story, from an ESXi host to a verified cluster."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

import pulumi

from components.cluster import Cluster
from components.machine import Machine
from components.node import Node
from components.script import Script, steps_provider
from components.steps.cluster import membership, settle_nodes, verification
from components.steps.node import inspection
from components.unreachable import error_hook
from components.vsphere import Image, SshKeyPair, VSphere
from components.worker import Worker
from config import ImageConfig, LabConfig, NodeConfig


class NodeOutput(TypedDict):
    """One node as the stack's output shows it."""

    name: str
    address: pulumi.Output[str]
    role: str
    runtime: str
    runtimeVersion: str
    kubernetesVersion: str


class Lab(pulumi.ComponentResource):
    """A whole lab: machines, prepared nodes, cluster, workers, proof."""

    kubeconfig: pulumi.Output[str]
    api_endpoint: pulumi.Output[str]
    nodes: list[NodeOutput]

    def __init__(
        self,
        name: str,
        config: LabConfig,
        vsphere: VSphere,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("kubelab:lab:Lab", name, None, opts)
        site = config.site
        steps = steps_provider(self)
        inside = pulumi.ResourceOptions(parent=self, providers=[vsphere, steps])
        user_key = SshKeyPair("user-key", comment=f"{site.ssh.user}@{config.stack}", opts=inside)
        images = {
            sha256: _image(config, image, user_key, inside)
            for sha256, image in {node.image.sha256: node.image for node in reversed(config.nodes)}.items()
        }
        on_error = error_hook()
        machines: dict[str, Machine] = {}
        prepared: dict[str, Node] = {}

        def prepare(node: NodeConfig, depends_on: Sequence[pulumi.Resource] = ()) -> None:
            machines[node.name] = Machine(
                node.name,
                node=node,
                site=site,
                image=images[node.image.sha256],
                user_key=user_key,
                on_error=on_error,
                depends_on=depends_on,
                opts=inside,
            )
            prepared[node.name] = Node(node.name, config, node, machines[node.name], inside)

        for node in config.control_planes:
            prepare(node)
        cluster = Cluster("cluster", config, prepared, inside)
        for node in config.workers:
            prepare(node, [] if node.power == "on" else [self._left(node, config, cluster, steps)])
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


def _image(config: LabConfig, image: ImageConfig, user_key: SshKeyPair, opts: pulumi.ResourceOptions) -> Image:
    return Image(
        f"image-{image.sha256[:12]}",
        ova=image.ova,
        sha256=image.sha256,
        datastore=config.site.vsphere[0].datastore,
        network=config.site.vsphere[0].network,
        state_key=user_key.public_key,
        machines=[node.machine for node in config.nodes if node.image.sha256 == image.sha256],
        opts=opts,
    )


def _shown(config: LabConfig, node: NodeConfig, machine: Machine) -> NodeOutput:
    return NodeOutput(
        name=node.name,
        address=machine.address,
        role=node.role,
        runtime=node.runtime,
        runtimeVersion=node.runtime_version,
        kubernetesVersion=config.cluster.kubernetes_version,
    )
