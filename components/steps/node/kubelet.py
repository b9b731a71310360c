"""The kubelet's settings of one node, as kubeadm takes them: a patch over the cluster's KubeletConfiguration. Pure."""

from collections.abc import Mapping

from pydantic import JsonValue

from components import quoted_yaml
from components.guest_file import GuestFile
from components.runtimes import RUNTIMES
from config import NodeConfig
from config.kubernetes.facts import Facts, facts
from config.kubernetes.leaves import leaves
from config.kubernetes.quantities import in_bytes
from config.kubernetes.structures import GATES, KUBELET
from config.passthrough import LOG_MAX_FILES, LOG_MAX_SIZE, merged

PATCHES = "/etc/kubelab/kubeadm-patches"
# https://github.com/kubernetes/kubernetes/blob/master/cmd/kubelet/app/server.go: shown as <masked>.
_HIDDEN = frozenset({"staticPodURLHeader"})


def settings(node: NodeConfig, minor: str) -> Mapping[str, JsonValue]:
    """The node's settings, and over them those that its runtime needs of a kubelet of that minor (`1.36`)."""
    return merged(node.kubelet, _of_runtime(RUNTIMES[node.runtime].kubelet, facts(minor)))


def _of_runtime(needed: Mapping[str, JsonValue], known: Facts) -> Mapping[str, JsonValue]:
    """What a runtime needs, without feature gates that are unknown: a kubelet that is given one does not start."""
    gates = needed.get(GATES)
    if not isinstance(gates, dict):
        return needed
    kept = {name: value for name, value in gates.items() if name in known.feature_gates}
    rest = {key: value for key, value in needed.items() if key != GATES}
    return {**rest, **({GATES: kept} if kept else {})}


def patch(settings: Mapping[str, JsonValue]) -> GuestFile:
    """The patch that kubeadm merges whenever it writes this node's kubelet configuration."""
    document = {"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration", **settings}
    return GuestFile(f"{PATCHES}/kubeletconfiguration+merge.yaml", quoted_yaml.dump(document))


def declared(settings: Mapping[str, JsonValue], minor: str) -> Mapping[str, str]:
    """The settings one by one, as a running kubelet of that minor (`1.36`) shows them: `evictionHard/pid.available`.

    Spans of time and quantities have the one spelling that it gives them. What it hides is left out.
    """
    return dict(leaves(facts(minor), KUBELET, {key: value for key, value in settings.items() if key not in _HIDDEN}))


def log_limits(settings: Mapping[str, JsonValue]) -> tuple[int, int]:
    """Size in bytes and number of a container's log files; raises ValueError for what is neither."""
    size = settings.get("containerLogMaxSize", LOG_MAX_SIZE)
    return in_bytes(str(size)), int(str(settings.get("containerLogMaxFiles", LOG_MAX_FILES)))
