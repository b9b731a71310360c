"""Node: a machine made ready for kubeadm: checked, prepared, with a proven runtime and the Kubernetes packages."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pulumi

from components.apt import Repository
from components.existing_machine import Existing
from components.machine import Machine
from components.script import Host, Script
from components.steps.node import install_kubernetes, install_runtime, place_files, preflight, prepare_os, reset
from config import LabConfig, NodeConfig, SiteConfig, versions


class Node(pulumi.ComponentResource):
    """Preflight, what its owner puts there, OS preparation, runtime and packages, in this order, on one machine.

    `host` is the machine as the later steps see it: another `instance_id` also when the machine was cleaned for
    another runtime. `checked` is the preflight, whose result is what the machine is known by.
    """

    address: pulumi.Output[str]
    host: Host
    checked: Script
    packages: Script

    def __init__(
        self,
        name: str,
        config: LabConfig,
        node: NodeConfig,
        machines: Mapping[str, Machine | Existing],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("kubelab:node:Node", name, None, opts)
        cluster, site, machine = config.cluster, config.site, machines[name]
        minor = versions.kubernetes(cluster.kubernetes_version).minor
        repositories = prepare_os.repositories(node, minor, site.mirrors)
        self.address = machine.address
        checked = self.checked = Script(
            f"{name}-preflight",
            preflight.STEP,
            machine.host,
            machine.address.apply(lambda address: preflight.environment(node, cluster, site, repositories, address)),
            parent=self,
            # Another runtime makes another node of a worker; a control plane keeps its runtime, which its step checks.
            triggers=[node.runtime] if node.role == "worker" else [],
        )
        self.host = replace(machine.host, instance_id=checked.id)
        cleaned = self._cleaned(name, node, site.user_of(node), checked) if reset.is_wanted(node) else checked
        # What a machine that is off was given stays its step's, and is taken from it once it is on again.
        has_files = place_files.is_wanted(node, site) or machine.host.rests
        placed = self._placed(name, node, site, cleaned) if has_files else cleaned
        prepared = Script(
            f"{name}-prepare-os",
            prepare_os.STEP,
            self.host,
            _preparation(node, site, repositories, machines),
            parent=self,
            depends_on=[placed],
        )
        installed = self._runtime(name, config, node, prepared)
        self.packages = Script(
            f"{name}-install-kubernetes",
            install_kubernetes.STEP,
            self.host,
            install_kubernetes.environment(node, cluster, site),
            parent=self,
            depends_on=[installed],
        )
        self.register_outputs({})

    def _cleaned(self, name: str, node: NodeConfig, user: str, checked: Script) -> Script:
        return Script(
            f"{name}-reset", reset.STEP, self.host, reset.environment(node, user), parent=self, depends_on=[checked]
        )

    def _placed(self, name: str, node: NodeConfig, site: SiteConfig, cleaned: Script) -> Script:
        given: Mapping[str, str] = place_files.environment(node, site)
        return Script(
            f"{name}-place-files",
            place_files.step(node),
            self.host,
            pulumi.Output.secret(given) if place_files.has_secrets(node) else given,
            parent=self,
            depends_on=[cleaned],
        )

    def _runtime(self, name: str, config: LabConfig, node: NodeConfig, prepared: Script) -> Script:
        secret = install_runtime.settings(node, config.cluster, config.site).has_credentials
        environment: Mapping[str, str] = install_runtime.environment(node, config.cluster, config.site)
        return Script(
            f"{name}-install-{node.runtime}",
            install_runtime.step(node, secret=secret),
            self.host,
            pulumi.Output.secret(environment) if secret else environment,
            parent=self,
            depends_on=[prepared],
        )


def _preparation(
    node: NodeConfig, site: SiteConfig, repositories: Sequence[Repository], machines: Mapping[str, Machine | Existing]
) -> Mapping[str, str] | pulumi.Output[Mapping[str, str]]:
    """What the preparation is given: it waits for no other machine, unless it is to know them all by name."""
    if not prepare_os.names_nodes(site):
        return prepare_os.environment(node, site, repositories)
    addresses = {name: machine.address for name, machine in machines.items()}
    return pulumi.Output.all(**addresses).apply(
        lambda known: prepare_os.environment(node, site, repositories, {name: known[name] for name in addresses})
    )
