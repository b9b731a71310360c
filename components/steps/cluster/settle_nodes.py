"""What nodes that joined are to be, kept on a control plane: labels, taints, the certificates they serve with. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from components.guest_file import render_files
from components.step import Step, read_script
from components.steps.cluster import kubelet_serving
from config import ClusterConfig, NodeConfig
from config.nodes.scheduling import CONTROL_PLANE_ROLE

_PROGRAM = "installed/approve-kubelet-serving.sh"
STEP = Step("70-settle-nodes.sh", timeout_seconds=600)

# kubeadm keeps pods off a control plane by the one, and load balancers of services by the other.
_CONTROL_PLANE_TAINT = f"{CONTROL_PLANE_ROLE}:NoSchedule"
_NO_LOAD_BALANCER = "node.kubernetes.io/exclude-from-external-load-balancers"


def environment(cluster: ClusterConfig, nodes: Sequence[NodeConfig], addresses: Mapping[str, str]) -> dict[str, str]:
    """What the step is given of all nodes, whose addresses are known by their names."""
    asking = kubelet_serving.asking(nodes)
    return {
        "NODES": "\n".join(f"{name} {address}" for name, address in addresses.items()),
        "WANTED": "".join(f"{node.name} {line}\n" for node in nodes for line in _wanted(node)),
        "SECRETS_ENCRYPTION": str(cluster.secrets_encryption).lower(),
        "ASKING": " ".join(asking),
        "APPROVER": render_files(kubelet_serving.files(asking, addresses, read_script(_PROGRAM))),
    }


def _wanted(node: NodeConfig) -> Iterator[str]:
    """Lines of: label or taint and what it is; no-label or no-taint and the key of what kubeadm sets."""
    if node.role == "controlPlane":
        yield f"{'no-' if node.schedulable else ''}taint {_CONTROL_PLANE_TAINT}"
        if _NO_LOAD_BALANCER not in node.labels:
            yield f"no-label {_NO_LOAD_BALANCER}" if node.schedulable else f"label {_NO_LOAD_BALANCER}="
    yield from (f"label {key}={value}" for key, value in sorted(node.labels.items()))
    yield from sorted(f"taint {taint}" for taint in node.taints)
