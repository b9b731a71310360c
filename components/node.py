"""Node: a machine made ready for kubeadm: checked, prepared, with a proven runtime and the Kubernetes packages."""

import pulumi

from components import apt, containerd, images, operating_system
from components.guest_file import render_files
from components.machine import Machine
from components.script import Script
from config import ClusterConfig, MirrorsConfig, NodeConfig, SiteConfig
from config.versions import FlannelRelease, KubernetesRelease

# kubeadm's own minimum for a control plane; a worker's is kubelab's.
MINIMUM = {"controlPlane": (2, 1700, 2), "worker": (1, 900, 2)}


def _urls(mirrors: MirrorsConfig) -> list[str]:
    apt_roots = (mirrors.apt_kubernetes, mirrors.apt_docker, mirrors.apt_debian)
    found = [*apt_roots, mirrors.files, *mirrors.registries.values()]
    return list(dict.fromkeys(url for url in found if url))


class Node(pulumi.ComponentResource):
    """Preflight, OS preparation, runtime, packages and images, in this order, on one machine."""

    packages: Script
    images: Script

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
        cpus, memory_mib, disk_gib = MINIMUM[node.role]
        mirrors = site.mirrors
        preflight = Script(
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
                "MIRRORS": " ".join(_urls(mirrors)),
                "MIRROR_CA": mirrors.ca_pem or "",
                "IGNORED": " ".join(site.ignore_preflight_errors),
            },
            timeout_seconds=600,
            opts=inside,
        )
        prepared = Script(
            f"{name}-prepare-os",
            file="10-prepare-os.sh",
            host=machine.host,
            environment={
                "NODE_NAME": node.name,
                "FILES": render_files([*operating_system.files(), *apt.files(cluster, mirrors)]),
                "APT_KEYS": apt.keys(cluster, mirrors),
                "MIRROR_CA": mirrors.ca_pem or "",
                "ONLY_MIRRORS": str(bool(mirrors.apt_debian)).lower(),
            },
            timeout_seconds=600,
            opts=inside,
            depends_on=[preflight],
        )
        runtime = Script(
            f"{name}-install-containerd",
            file="20-install-containerd.sh",
            host=machine.host,
            environment={
                "NODE_NAME": node.name,
                "CONTAINERD_VERSION": f"{node.runtime_version}-*",
                "CRI_TOOLS_VERSION": f"{release.cri_tools}-*",
                "FILES": render_files(
                    containerd.files(
                        release.pause_image,
                        mirrors.registries,
                        apt.MIRROR_CA_FILE if mirrors.ca_pem else None,
                    )
                ),
                "SANDBOX_IMAGE": release.pause_image,
            },
            timeout_seconds=900,
            opts=inside,
            depends_on=[prepared],
        )
        self.packages = Script(
            f"{name}-install-kubernetes",
            file="30-install-kubernetes.sh",
            host=machine.host,
            environment={
                "NODE_NAME": node.name,
                "KUBERNETES_VERSION": cluster.kubernetes_version,
                "KUBERNETES_CNI_VERSION": f"{release.kubernetes_cni}-*",
                "CRI_TOOLS_VERSION": f"{release.cri_tools}-*",
            },
            timeout_seconds=900,
            opts=inside,
            depends_on=[runtime],
        )
        self.images = Script(
            f"{name}-pull-images",
            file="35-pull-images.sh",
            host=machine.host,
            environment={"NODE_NAME": node.name, "IMAGES": " ".join(images.of_node(node.role, release, pod_network))},
            timeout_seconds=1800,
            opts=inside,
            depends_on=[self.packages],
        )
        self.register_outputs({})
