"""Lab: the one list that tells the story, from an ESXi host to a verified cluster."""

from typing import TypedDict

import pulumi

from components.control_plane import ControlPlane
from components.inspection import Inspection
from components.machine import Machine
from components.node import Node
from components.pod_network import PodNetwork
from components.verification import Verification
from components.vsphere import Image, SshKeyPair, VSphere
from components.worker import Worker
from config import ImageConfig, LabConfig, versions


class NodeOutput(TypedDict):
    """One node as the stack's output shows it."""

    name: str
    address: pulumi.Output[str]
    role: str
    runtime: str
    runtimeVersion: str
    kubernetesVersion: str


class Lab(pulumi.ComponentResource):
    """A whole lab: machines, nodes, control plane, pod network, workers, proof."""

    kubeconfig: pulumi.Output[str]
    api_endpoint: pulumi.Output[str]
    nodes: list[NodeOutput]

    def __init__(
        self,
        name: str,
        config: LabConfig,
        vsphere_password: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("kubelab:lab:Lab", name, None, opts)
        site, cluster = config.site, config.cluster
        release = versions.kubernetes(cluster.kubernetes_version)
        flannel = versions.flannel(cluster.pod_network.version)
        vsphere = VSphere(
            "vsphere",
            server=site.vsphere.server,
            port=site.vsphere.port,
            user=site.vsphere.user,
            password=vsphere_password,
            tls_ca_pem=site.vsphere.tls.ca_pem,
            tls_sha256=site.vsphere.tls.sha256,
            owner=f"{pulumi.get_project()}/{config.stack}",
            opts=pulumi.ResourceOptions(parent=self),
        )
        inside = pulumi.ResourceOptions(parent=self, provider=vsphere)
        user_key = SshKeyPair("user-key", comment=f"{site.ssh.user}@{config.stack}", opts=inside)
        images = {image: self._image(config, image, inside) for image in dict.fromkeys(n.image for n in config.nodes)}
        machines = {
            node.name: Machine(
                node.name, node=node, site=site, image=images[node.image], user_key=user_key, opts=inside
            )
            for node in config.nodes
        }
        nodes = {
            node.name: Node(
                node.name,
                node=node,
                cluster=cluster,
                site=site,
                release=release,
                pod_network=flannel,
                machine=machines[node.name],
                opts=inside,
            )
            for node in config.nodes
        }
        first = config.control_planes[0].name
        control_plane = ControlPlane(
            first,
            node_config=config.control_planes[0],
            cluster=cluster,
            site=site,
            machine=machines[first],
            node=nodes[first],
            opts=inside,
        )
        pod_network = PodNetwork(
            "pod-network",
            cluster=cluster,
            release=flannel,
            mirrors=site.mirrors,
            node=nodes[first],
            control_plane=control_plane,
            opts=inside,
        )
        workers = {
            worker.name: Worker(
                worker.name,
                node_config=worker,
                site=site,
                machine=machines[worker.name],
                node=nodes[worker.name],
                control_plane=control_plane,
                control_plane_node=nodes[first],
                opts=inside,
            )
            for worker in config.workers
        }
        members = {first: pod_network.applied, **{name: worker.member for name, worker in workers.items()}}
        inspections = [
            Inspection(node.name, node_config=node, node=nodes[node.name], member=members[node.name], opts=inside)
            for node in config.nodes
        ]
        Verification(
            "verification",
            config=config,
            machines=machines,
            nodes=nodes,
            inspections=inspections,
            depends_on=list(members.values()),
            opts=inside,
        )
        self.kubeconfig = control_plane.kubeconfig
        self.api_endpoint = control_plane.endpoint
        self.nodes = [
            NodeOutput(
                name=node.name,
                address=machines[node.name].address,
                role=node.role,
                runtime=node.runtime,
                runtimeVersion=node.runtime_version,
                kubernetesVersion=cluster.kubernetes_version,
            )
            for node in config.nodes
        ]
        self.register_outputs({"apiEndpoint": self.api_endpoint})

    def _image(self, config: LabConfig, image: ImageConfig, opts: pulumi.ResourceOptions) -> Image:
        vsphere = config.site.vsphere
        return Image(
            f"image-{image.sha256[:12]}",
            ova=image.ova,
            sha256=image.sha256,
            datastore=vsphere.datastore,
            network=vsphere.network,
            opts=opts,
        )
