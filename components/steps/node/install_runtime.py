"""The installation of a node's container runtime, with its configuration and the proof that it works alone. Pure."""

from components.guest_file import render_files
from components.pod_networks import release_of
from components.records.runtime import Installation, RuntimeSettings
from components.runtimes import RUNTIMES, sockets
from components.step import Log, Step
from components.steps.node import images, kubelet
from config import ClusterConfig, NodeConfig, SiteConfig, versions


def step(node: NodeConfig, *, secret: bool) -> Step:
    """The step of a node's runtime; what is given secrets does not show its result."""
    return Step(RUNTIMES[node.runtime].script, timeout_seconds=1800, log=Log.STDERR if secret else Log.ALL)


def settings(node: NodeConfig, cluster: ClusterConfig, site: SiteConfig) -> RuntimeSettings:
    """What the node's runtime is given."""
    release = versions.kubernetes(cluster.kubernetes_version)
    limits = kubelet.log_limits(kubelet.settings(node, release.minor))
    return RuntimeSettings(release.pause_image, site.registries, *limits)


def environment(node: NodeConfig, cluster: ClusterConfig, site: SiteConfig) -> dict[str, str]:
    """What the installation is given; secret where the settings have credentials."""
    runtime, wanted = RUNTIMES[node.runtime], settings(node, cluster, site)
    release = versions.kubernetes(cluster.kubernetes_version)
    installation = Installation({**cluster.runtime_versions, node.runtime: node.runtime_version}, site.mirrors)
    return {
        "NODE_NAME": node.name,
        "RUNTIME": node.runtime,
        "CRI_SOCKET": runtime.cri_socket,
        "OTHER_SOCKETS": sockets(but=node.runtime),
        "CRI_TOOLS_VERSION": release.cri_tools,
        "FILES": render_files(runtime.files(wanted)),
        "IMAGES": " ".join(images.of_runtime(release, release_of(cluster.pod_network))),
        "IMAGE_SOURCES": images.sources(node.runtime, site.registries),
        "TEST_IMAGE": release.agnhost_image,
        **runtime.inputs(installation),
    }
