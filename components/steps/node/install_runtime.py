"""The installation of a node's container runtime, with its configuration and the proof that it works alone. Pure."""

from components.guest_file import GuestFile, render_files
from components.pod_networks import release_of
from components.records.runtime import Installation, RuntimeSettings
from components.runtimes import RUNTIMES, sockets
from components.step import Log, Step
from components.steps import handlers
from components.steps.node import images, kubelet
from config import ClusterConfig, NodeConfig, SiteConfig, versions

MODULES_FILE = "/etc/modules-load.d/kubelab-handlers.conf"


def step(node: NodeConfig, *, secret: bool) -> Step:
    """The step of a node's runtime; what is given secrets does not show its result."""
    # Archives of handlers are up to a GiB.
    seconds = 3600 if node.handlers else 1800
    return Step(RUNTIMES[node.runtime].script, timeout_seconds=seconds, log=Log.STDERR if secret else Log.ALL)


def settings(node: NodeConfig, cluster: ClusterConfig, site: SiteConfig) -> RuntimeSettings:
    """What the node's runtime is given."""
    release = versions.kubernetes(cluster.kubernetes_version)
    limits = kubelet.log_limits(kubelet.settings(node, release.minor))
    return RuntimeSettings(release.pause_image, site.registries, *limits, handlers=handlers.entries(node))


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
        "FILES": render_files([*runtime.files(wanted), *_modules(node)]),
        "IMAGES": " ".join(images.of_runtime(release, release_of(cluster.pod_network))),
        "IMAGE_SOURCES": images.sources(node.runtime, site.registries),
        "TEST_IMAGE": release.agnhost_image,
        **runtime.inputs(installation),
        **handlers.installation(node, cluster, site.mirrors),
    }


def _modules(node: NodeConfig) -> list[GuestFile]:
    """What loads the modules of the node's handlers whenever the machine starts."""
    names = handlers.modules(node)
    return [GuestFile(MODULES_FILE, "".join(f"{name}\n" for name in names))] if names else []
