"""Lab: the one list that tells the story, from an ESXi host to a verified cluster."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

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
from config import LabConfig, NodeConfig, VsphereConfig


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
        vsphere: VSphere,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("kubelab:lab:Lab", name, None, opts)
        site = config.site
        steps = steps_provider(self)
        inside = pulumi.ResourceOptions(parent=self, providers=[vsphere, steps])
        user_key = SshKeyPair("user-key", comment=f"{site.ssh.user}@{config.stack}", opts=inside)
        images = _images(config, user_key, inside)
        on_error = error_hook()

        def made(node: NodeConfig, depends_on: Sequence[pulumi.Resource] = ()) -> Machine:
            return Machine(
                node.name,
                node=node,
                site=site,
                images={each.name: images[_image_key(each, node)] for each in _targets(config, node)},
                user_key=user_key,
                on_error=on_error,
                depends_on=depends_on,
                opts=inside,
            )

        machines = {node.name: made(node) for node in config.running}
        prepared = {node.name: Node(node.name, config, node, machines, inside) for node in config.running}
        cluster = Cluster("cluster", config, prepared, inside)
        for node in config.resting:
            machines[node.name] = made(node, [self._left(node, config, cluster, steps)])
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


def _targets(config: LabConfig, node: NodeConfig) -> tuple[VsphereConfig, ...]:
    """The targets on which a node's machine may be."""
    target = config.site.target_of(node)
    return config.site.vsphere if target is None else (target,)


def _hosts(config: LabConfig, node: NodeConfig) -> tuple[str, ...]:
    return tuple(target.name for target in _targets(config, node))


def _image_key(target: VsphereConfig, node: NodeConfig) -> tuple[str, str, int]:
    """By which a node's image is told from others: where clones are linked, by the size of the disk that they read."""
    sized = target.placement.linked and not node.image.template
    return target.name, node.image.sha256, node.machine.disk_gib if sized else 0


def _images(config: LabConfig, user_key: SshKeyPair, opts: pulumi.ResourceOptions) -> dict[tuple[str, str, int], Image]:
    """The images: each on every target on which a node of it may be."""
    return {
        key: _image(config, target, key, user_key, opts)
        for target in config.site.vsphere
        for key in {
            _image_key(target, node): None for node in reversed(config.nodes) if target.name in _hosts(config, node)
        }
    }


def _image(
    config: LabConfig,
    target: VsphereConfig,
    key: tuple[str, str, int],
    user_key: SshKeyPair,
    opts: pulumi.ResourceOptions,
) -> Image:
    """The name of one that is alone says nothing of its target, so that a target which gets a name changes nothing."""
    several = len(config.site.vsphere) > 1
    _, sha256, disk_gib = key
    made_of_it = [
        node for node in config.nodes if target.name in _hosts(config, node) and _image_key(target, node) == key
    ]
    size = f"-{disk_gib}g" if disk_gib else ""
    return Image(
        f"image-{sha256[:12]}{f'-{target.name}' if several else ''}{size}",
        image=made_of_it[0].image,
        host=target.name,
        datastore=target.datastore,
        network=target.network,
        state_key=user_key.public_key,
        machines=[node.machine for node in made_of_it],
        opts=opts,
    )


def _shown(config: LabConfig, node: NodeConfig, machine: Machine) -> NodeOutput:
    shown = NodeOutput(
        name=node.name,
        address=machine.address,
        role=node.role,
        runtime=node.runtime,
        runtimeVersion=node.runtime_version,
        kubernetesVersion=config.cluster.kubernetes_version,
    )
    return shown if len(config.site.vsphere) == 1 else NodeOutput(**shown, host=machine.on)
