"""The end of an image that is made for a stack: nothing of the node stays that it was made as. Pure."""

from components.runtimes import RUNTIMES
from components.step import Step
from components.steps.node import install_runtime, traces
from config import ClusterConfig, NodeConfig, SiteConfig

STEP = Step("37-leave-image.sh", timeout_seconds=300)


def environment(node: NodeConfig, cluster: ClusterConfig, site: SiteConfig) -> dict[str, str]:
    """What the step is given."""
    files = RUNTIMES[node.runtime].files(install_runtime.settings(node, cluster, site))
    return {
        "NODE_NAME": node.name,
        "SECRET_FILES": "\n".join(file.path for file in files if file.mode == "0600"),
        "TRACES": traces.all_traces(),
    }
