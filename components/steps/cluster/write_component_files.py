"""The files that components of the control plane are given, written before the components ask for them. Pure."""

from components.guest_file import GuestFile, render_files
from components.step import Log, Step
from config import ClusterConfig, NodeConfig

STEP = Step("35-write-component-files.sh", timeout_seconds=600, log=Log.STDERR)


def is_wanted(cluster: ClusterConfig) -> bool:
    """Whether components of the control plane have files at all."""
    return bool(cluster.control_plane_files) or cluster.secrets_encryption


def environment(node: NodeConfig, cluster: ClusterConfig) -> dict[str, str]:
    """What a control plane is given; secret, since the files may hold keys."""
    files = [GuestFile(file.path, file.text.get_secret_value(), file.mode) for file in cluster.control_plane_files]
    return {
        "NODE_NAME": node.name,
        "FILES": render_files(files),
        "SECRETS_ENCRYPTION": str(cluster.secrets_encryption).lower(),
    }
