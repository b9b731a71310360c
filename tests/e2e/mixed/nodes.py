"""The mixed stack's nodes, and what of them a change must leave as it was."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.e2e import host
from tests.e2e.cluster import Cluster, boots, kubelet_starts
from tests.e2e.project import changes

# Another lab of these tests runs meanwhile.
PREFIX = "e2e-mixed-"
CONTROL_PLANE, W1, W2, W3 = (f"{PREFIX}{name}" for name in ("cp1", "w1", "w2", "w3"))
WORKERS = (W1, W2, W3)
NODES = (CONTROL_PLANE, *WORKERS)
# As the stack file has it, before two workers swap their runtimes.
DOCKER, CRIO = W1, W3


def doctor(cluster: Cluster) -> list[list[str]]:
    """The rows of make doctor, which must find nothing wrong."""
    result = cluster.project.doctor()
    assert result.code == 0, result.output
    return [re.split(r"\s{2,}", line) for line in result.output.splitlines() if line.startswith(PREFIX)]


@dataclass(frozen=True, slots=True)
class Change:
    """What a run says it changed, and the state of the nodes before and after it."""

    changed: list[str]
    before: Mapping[str, Any]
    after: Mapping[str, Any]


def state_of(cluster: Cluster) -> Mapping[str, Any]:
    """What must stay where nothing was declared to change, by kind and node."""
    return {
        "containers": {node: host.container_of(node) for node in NODES},
        "boots": boots(*NODES),
        "kubelets": kubelet_starts(*NODES),
        "identities": {node["metadata"]["name"]: node["metadata"]["uid"] for node in cluster.get("nodes")["items"]},
    }


def applied(cluster: Cluster) -> Change:
    """Run up."""
    before = state_of(cluster)
    changed = changes(cluster.project.up().output)
    return Change(changed, before, state_of(cluster))
