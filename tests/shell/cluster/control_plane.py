"""A control plane on a pretended machine, as its step makes it."""

from config import ClusterConfig
from tests.shell import steps
from tests.shell.guest.machine import Guest, Result
from tests.shell.world import ADDRESS, CLUSTER

AUDITED = steps.api_server("audit-log-path", "/var/log/audit.log")
API_SERVER = "/etc/kubernetes/manifests/kube-apiserver.yaml"


def init(guest: Guest, cluster: ClusterConfig = CLUSTER, address: str = ADDRESS) -> Result:
    """Run the control plane's step for a cluster."""
    return guest.run(steps.INIT.file, steps.control_plane(cluster, address))


def changed(guest: Guest) -> list[str]:
    """What the last run called that changes a control plane."""
    verbs = ("kubeadm init", "kubeadm reset", "kubectl --namespace kube-system rollout restart", "crictl stop")
    return [call.partition(" --config")[0] for call in guest.calls() if call.startswith(verbs)]
