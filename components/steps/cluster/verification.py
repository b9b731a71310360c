"""The verification: the proof that the cluster works, run on a control plane whenever its nodes change. Pure.

Nodes by name, their runtimes, their kubelets' settings, system pods, a pod on every node, DNS, service addresses; then
it cleans up after itself.
"""

from collections.abc import Mapping, Sequence

from components.pod_networks import POD_NETWORKS
from components.runtimes import RUNTIMES
from components.step import Step
from components.steps.node import kubelet
from config import ClusterConfig, NodeConfig, versions

STEP = Step("90-verify-cluster.sh", timeout_seconds=1500)
COMPARE = "compare"
"""The argument with which it only compares the runtimes."""


def environment(
    cluster: ClusterConfig, nodes: Sequence[NodeConfig], addresses: Mapping[str, str], facts: str
) -> dict[str, str]:
    """What verification is given: nodes to be compared, the addresses of all nodes by name, what inspections said."""
    network, release = POD_NETWORKS[cluster.pod_network.plugin], versions.kubernetes(cluster.kubernetes_version)
    return {
        "NODES": "\n".join(f"{name} {address}" for name, address in addresses.items()),
        "RUNTIMES": "\n".join(map(_declared, nodes)),
        "NODE_FACTS": facts,
        "KUBELET_SETTINGS": "\n".join(line for node in nodes for line in _settings(node, release.minor)),
        "POD_SUBNET": cluster.pod_subnet,
        "POD_NETWORK": network.describe(cluster.pod_network),
        "POD_NETWORK_WORKLOADS": "\n".join(network.workloads),
        "POD_NETWORK_LOOK_AT": network.hint(cluster.pod_network),
        "DNS_DOMAIN": cluster.dns_domain,
        "TEST_IMAGE": release.agnhost_image,
    }


def _declared(node: NodeConfig) -> str:
    runtime = RUNTIMES[node.runtime]
    return f"{node.name} {node.runtime} {runtime.cri_socket} {runtime.reported_as} {node.runtime_version}"


def _settings(node: NodeConfig, minor: str) -> list[str]:
    declared = kubelet.declared(kubelet.settings(node, minor), minor)
    return [f"{node.name} {setting} {value}" for setting, value in declared.items()]
