"""Cluster: kubeadm init on the first control plane, its certificates and kubeconfig, the pod network and DNS."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pulumi

from components.control_planes import one_that_answers
from components.node import Node
from components.script import Host, Script
from components.steps.cluster import apply_dns, apply_pod_network, certificates, init, kubeadm, write_component_files
from config import ClusterConfig, LabConfig, NodeConfig


class Cluster(pulumi.ComponentResource):
    """What all control planes have in common, and what lives as long as they do.

    Settings may change later; what a cluster keeps for its life is refused by the step, with the difference. `host` is
    a control plane that answers: another `instance_id` only when the whole cluster was initialised anew. `renewals` is
    another number whenever certificates are to be renewed.
    """

    endpoint: pulumi.Output[str]
    kubeconfig: pulumi.Output[str]
    host: Host
    renewals: pulumi.Output[int]
    pod_network: Script
    dns: Script

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
            depends_on=[self._component_files(config, node, first)],
        )
        now = datetime.now(UTC)
        # Before this step had this result it had a secret one, which a preview still shows.
        self.renewals = pulumi.Output.unsecret(initialised.stdout).apply(
            lambda born: certificates.renewal(cluster, born, now)
        )
        renewed = Script(
            f"{node.name}-certificates",
            certificates.STEP,
            first.host,
            pulumi.Output.all(first.address, self.renewals).apply(
                lambda known: certificates.environment(node, cluster, known[0], known[1])
            ),
            parent=self,
            depends_on=[initialised],
        )
        self.kubeconfig = renewed.stdout
        _warn_of_an_end(cluster, self.kubeconfig, now)
        answering = one_that_answers([prepared[each.name].host for each in config.control_planes])
        self.host = replace(answering, machine=self, instance_id=initialised.id)
        self.pod_network = Script(
            "pod-network-apply",
            apply_pod_network.step(cluster),
            self.host,
            self.endpoint.apply(lambda endpoint: apply_pod_network.environment(cluster, site.mirrors, endpoint)),
            parent=self,
            depends_on=[renewed],
        )
        self.dns = Script(
            "cluster-dns-apply",
            apply_dns.STEP,
            self.host,
            apply_dns.environment(cluster),
            parent=self,
            depends_on=[self.pod_network],
        )
        self.register_outputs({"endpoint": self.endpoint, "kubeconfig": self.kubeconfig})

    def _component_files(self, config: LabConfig, node: NodeConfig, prepared: Node) -> Script:
        """What the init waits for: the files of components where there are any."""
        if not write_component_files.is_wanted(config.cluster):
            return prepared.packages
        return Script(
            f"{node.name}-component-files",
            write_component_files.STEP,
            prepared.host,
            pulumi.Output.secret(write_component_files.environment(node, config.cluster)),
            parent=self,
            depends_on=[prepared.packages],
        )


def _warn_of_an_end(cluster: ClusterConfig, kubeconfig: pulumi.Output[str], now: datetime) -> None:
    def warn(text: str) -> None:
        if said := certificates.warning(cluster, certificates.end(text), now):
            pulumi.log.warn(said)

    kubeconfig.apply(warn)
