"""Node: a machine made ready for kubeadm: checked, prepared, with a proven runtime and the Kubernetes packages."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import pulumi
from pydantic import JsonValue

from components import apt, images, kubelet, operating_system, registries
from components.guest_file import render_files
from components.machine import Machine
from components.runtime import Installation, Runtime, RuntimeSettings
from components.runtimes import RUNTIMES, all_traces, sockets
from components.script import Host, Log, Script
from config import ClusterConfig, NodeConfig, SiteConfig
from config.passthrough import merged
from config.versions import FlannelRelease, KubernetesRelease

# kubeadm's own minimum for a control plane; a worker's is kubelab's.
MINIMUM = {"controlPlane": (2, 1700, 2), "worker": (1, 900, 2)}


def must_answer(repositories: Iterable[apt.Repository], site: SiteConfig) -> list[str]:
    """URLs of the site's own servers that a node fetches from."""
    packages = [each.uri for each in repositories if each.mirrored]
    servers = [f"https://{registries.server(registry)}/v2/" for registry in site.registries if registry.mirror]
    return list(dict.fromkeys([*packages, *([site.mirrors.files] if site.mirrors.files else []), *servers]))


def trusted_authorities(site: SiteConfig) -> str:
    """PEM text of every authority that the site names for its servers; empty for none."""
    found = [site.mirrors.ca_pem or "", *(registry.ca_pem for registry in site.registries)]
    return "".join(registries.pem(text) for text in dict.fromkeys(found) if text)


class Node(pulumi.ComponentResource):
    """Preflight, OS preparation, runtime and packages, in this order, on one machine.

    ``host`` is the machine as the later steps see it: another incarnation also when the machine was cleaned for another
    runtime.
    """

    host: Host
    runtime: Runtime
    packages: Script

    def __init__(
        self,
        name: str,
        *,
        node: NodeConfig,
        cluster: ClusterConfig,
        site: SiteConfig,
        release: KubernetesRelease,
        pod_network: FlannelRelease,
        machine: Machine,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("kubelab:node:Node", name, None, opts)
        inside = pulumi.ResourceOptions(parent=self)
        self.runtime = RUNTIMES[node.runtime]
        mirrors = site.mirrors
        repositories = apt.repositories(release.minor, mirrors, self.runtime.repository(release.minor, mirrors))
        preflight = self._preflight(name, node, site, repositories, machine, inside)
        self.host = replace(machine.host, incarnation=preflight.run_id)
        cleaned = [preflight]
        if node.clean_install or node.on_runtime_change == "resetNode":
            cleaned.append(self._reset(name, node, preflight, inside))
        prepared = Script(
            f"{name}-prepare-os",
            file="10-prepare-os.sh",
            host=self.host,
            environment={
                "NODE_NAME": node.name,
                "FILES": render_files([*operating_system.files(), *(each.source() for each in repositories)]),
                "APT_KEYS": apt.keys(repositories),
                "MIRROR_CA": mirrors.ca_pem or "",
                "ONLY_MIRRORS": str(bool(mirrors.apt_debian)).lower(),
            },
            timeout_seconds=600,
            opts=inside,
            depends_on=cleaned,
        )
        settings = merged(node.kubelet, self.runtime.kubelet)
        wanted_images = images.of_node(node.role, release, pod_network)
        installed = self._install_runtime(name, node, cluster, site, release, settings, wanted_images, prepared, inside)
        self.packages = Script(
            f"{name}-install-kubernetes",
            file="30-install-kubernetes.sh",
            host=self.host,
            environment={
                "NODE_NAME": node.name,
                "KUBERNETES_VERSION": cluster.kubernetes_version,
                "KUBERNETES_CNI_VERSION": f"{release.kubernetes_cni}-*",
                "CRI_TOOLS_VERSION": f"{release.cri_tools}-*",
                "KUBELET_PATCH": render_files([kubelet.patch(settings)]),
            },
            timeout_seconds=900,
            opts=inside,
            depends_on=[installed],
        )
        self.register_outputs({})

    @staticmethod
    def _preflight(
        name: str,
        node: NodeConfig,
        site: SiteConfig,
        repositories: Iterable[apt.Repository],
        machine: Machine,
        opts: pulumi.ResourceOptions,
    ) -> Script:
        cpus, memory_mib, disk_gib = MINIMUM[node.role]
        return Script(
            f"{name}-preflight",
            file="00-preflight.sh",
            host=machine.host,
            environment={
                "NODE_NAME": node.name,
                "NODE_ADDRESS": machine.address,
                "MIN_CPUS": str(cpus),
                "MIN_MEMORY_MIB": str(memory_mib),
                "MIN_DISK_GIB": str(disk_gib),
                "NESTED_VIRTUALIZATION": str(node.machine.nested_virtualization).lower(),
                "MIRRORS": " ".join(must_answer(repositories, site)),
                "MIRROR_CA": trusted_authorities(site),
                "TRACES": all_traces(),
                "CLEAN_INSTALL": str(node.clean_install).lower(),
                "IGNORED": " ".join(site.ignore_preflight_errors),
            },
            timeout_seconds=600,
            # Another runtime makes another node of a worker; a control plane keeps its runtime, which its step checks.
            triggers=[node.runtime] if node.role == "worker" else [],
            opts=opts,
        )

    def _reset(self, name: str, node: NodeConfig, preflight: Script, opts: pulumi.ResourceOptions) -> Script:
        return Script(
            f"{name}-reset",
            file="05-reset-node.sh",
            host=self.host,
            environment={
                "NODE_NAME": node.name,
                "ROLE": node.role,
                "RUNTIME": node.runtime,
                "CLEAN_INSTALL": str(node.clean_install).lower(),
                "TRACES": all_traces(),
                "SOCKETS": sockets(),
            },
            timeout_seconds=900,
            opts=opts,
            depends_on=[preflight],
        )

    def _install_runtime(
        self,
        name: str,
        node: NodeConfig,
        cluster: ClusterConfig,
        site: SiteConfig,
        release: KubernetesRelease,
        settings: Mapping[str, JsonValue],
        wanted_images: Sequence[str],
        prepared: Script,
        opts: pulumi.ResourceOptions,
    ) -> Script:
        log_max_bytes, log_max_files = kubelet.log_limits(settings)
        told = RuntimeSettings(release.pause_image, site.registries, log_max_bytes, log_max_files)
        versions = {**cluster.runtime_versions, node.runtime: node.runtime_version}
        files = render_files(self.runtime.files(told))
        return Script(
            f"{name}-install-{node.runtime}",
            file=self.runtime.script,
            host=self.host,
            environment={
                "NODE_NAME": node.name,
                "RUNTIME": node.runtime,
                "CRI_SOCKET": self.runtime.cri_socket,
                "OTHER_SOCKETS": sockets(but=node.runtime),
                "CRI_TOOLS_VERSION": f"{release.cri_tools}-*",
                "FILES": pulumi.Output.secret(files) if told.has_credentials else files,
                "IMAGES": " ".join(wanted_images),
                "TEST_IMAGE": release.agnhost_image,
                **self.runtime.inputs(Installation(versions, site.mirrors), told),
            },
            timeout_seconds=1800,
            log=Log.STDERR if told.has_credentials else Log.ALL,
            opts=opts,
            depends_on=[prepared],
        )
