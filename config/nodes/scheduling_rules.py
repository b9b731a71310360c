"""Rules across nodes: where pods may run."""

from collections.abc import Iterator

from config.documents import Documents
from config.problems import Problem
from config.stack import NodeSpec

_REPELLING = ("NoSchedule", "NoExecute")


def broken_rules(documents: Documents) -> Iterator[Problem]:
    """Every rule of where pods may run that the documents break."""
    yield from _schedulable_worker(documents)
    yield from _nowhere_for_coredns(documents)


def warnings(documents: Documents) -> Iterator[Problem]:
    """Where pods without tolerations find no node, though the cluster itself works."""
    if not any(documents.is_schedulable(node) and not _repels(node) for node in _running(documents)):
        text = "found no node on which pods run that tolerate no taint: they stay Pending"
        remedy = "add a worker without taints, or write schedulable: true for a control plane"
        yield documents.in_stack("kubelab:nodes", f"{text}; {remedy}")


def _schedulable_worker(documents: Documents) -> Iterator[Problem]:
    for name, node in documents.nodes.items():
        if node.role == "worker" and node.schedulable is not None:
            text = "found on a worker, which always is unless it has taints; remove it"
            yield documents.in_node(name, "schedulable", f"{text}, and write taints to keep pods away")


def _nowhere_for_coredns(documents: Documents) -> Iterator[Problem]:
    """CoreDNS tolerates the taint of control planes alone, and without it no cluster works."""
    if documents.nodes and all(_repels(node) for node in _running(documents)):
        text = "found taints with NoSchedule or NoExecute on every node, so that CoreDNS would run nowhere"
        yield documents.in_stack("kubelab:nodes", f"{text}; leave one node without")


def _running(documents: Documents) -> list[NodeSpec]:
    return [node for node in documents.nodes.values() if node.power != "off"]


def _repels(node: NodeSpec) -> bool:
    return any(taint.effect in _REPELLING for taint in node.taints)
