"""The kubelet's settings of one node, as kubeadm takes them: a patch over the cluster's KubeletConfiguration. Pure."""

from collections.abc import Mapping

import yaml
from pydantic import JsonValue

from components.guest_file import GuestFile
from components.runtimes import RUNTIMES
from config import NodeConfig
from config.passthrough import LOG_MAX_FILES, LOG_MAX_SIZE, in_bytes, merged

PATCHES = "/etc/kubelab/kubeadm-patches"


def settings(node: NodeConfig) -> Mapping[str, JsonValue]:
    """The node's settings, and over them those that its runtime needs."""
    return merged(node.kubelet, RUNTIMES[node.runtime].kubelet)


def patch(settings: Mapping[str, JsonValue]) -> GuestFile:
    """The patch that kubeadm merges whenever it writes this node's kubelet configuration."""
    document = {"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration", **settings}
    return GuestFile(f"{PATCHES}/kubeletconfiguration+merge.yaml", yaml.safe_dump(document, sort_keys=False))


def log_limits(settings: Mapping[str, JsonValue]) -> tuple[int, int]:
    """Size in bytes and number of a container's log files; raises ValueError for what is neither."""
    size = settings.get("containerLogMaxSize", LOG_MAX_SIZE)
    return in_bytes(str(size)), int(str(settings.get("containerLogMaxFiles", LOG_MAX_FILES)))
