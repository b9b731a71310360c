"""What steps are given of handlers: how they come to a node, their labels, RuntimeClasses and proofs. Pure."""

from collections.abc import Iterator, Sequence

from components import quoted_yaml
from components.handlers import HANDLERS, variant_of
from components.records.handler import Entry
from components.runtimes import RUNTIMES
from config import ClusterConfig, HandlerConfig, MirrorsConfig, NodeConfig
from config.kubernetes.quantities import in_bytes

MANAGED = {"app.kubernetes.io/managed-by": "kubelab"}
"""The label of what kubelab keeps in the cluster, and takes away once nobody declares it."""


def entries(node: NodeConfig) -> dict[str, Entry]:
    """What the configuration of a node's runtime says of its handlers, by their names."""
    return {each.name: variant_of(each).entries[node.runtime] for each in node.handlers}


def installation(node: NodeConfig, cluster: ClusterConfig, mirrors: MirrorsConfig) -> dict[str, str]:
    """What the step of a node's runtime is given; nothing for a runtime that carries no handlers."""
    if RUNTIMES[node.runtime].no_handlers:
        return {}
    own = {each.name for each in node.handlers}
    return {
        "HANDLERS": "\n".join(line for each in node.handlers for line in _lines(each, mirrors)),
        "HANDLERS_ELSEWHERE": " ".join(each.name for each in cluster.handlers if each.name not in own),
    }


def _lines(declared: HandlerConfig, mirrors: MirrorsConfig) -> Iterator[str]:
    """Lines of: handler, what of it, and its values."""
    handler, variant, name = HANDLERS[declared.name], variant_of(declared), declared.name
    yield f"{name} label {handler.label}"
    yield from (f"{name} package {package}" for package in handler.packages)
    if declared.version:
        release = handler.releases[declared.version]
        own = mirrors.checksums.get(release.path)
        sums = [*release.sha256, *release.sha512, *([own] if own else [])]
        yield f"{name} archive {release.url(mirrors.files)} {' '.join(sums)}"
        yield f"{name} folder {handler.folder} {handler.inside or '.'}"
    yield from (f"{name} program {each.path} {each.argument}" for each in variant.programs)
    yield from (f"{name} file {path}" for path in variant.files)
    yield from (f"{name} module {each.name} {each.device}" for each in variant.modules)


def modules(node: NodeConfig) -> dict[str, str]:
    """The modules of the kernel that a node's handlers need, with the device of each."""
    return {each.name: each.device for declared in node.handlers for each in variant_of(declared).modules}


def needing_kvm(node: NodeConfig) -> list[str]:
    """The handlers of a node that run virtual machines."""
    return [each.name for each in node.handlers if HANDLERS[each.name].needs_kvm]


def labels(node: NodeConfig) -> dict[str, str]:
    """The labels by which pods of RuntimeClasses find a node."""
    return {HANDLERS[each.name].label: "true" for each in node.handlers}


def runtime_classes(cluster: ClusterConfig) -> str:
    """A RuntimeClass for each handler that some node has, as YAML documents; empty for none."""
    return "".join(f"---\n{quoted_yaml.dump(_runtime_class(each))}" for each in cluster.handlers)


def _runtime_class(declared: HandlerConfig) -> dict[str, object]:
    fixed = {"memory": declared.overhead_memory, "cpu": declared.overhead_cpu}
    overhead = {name: value for name, value in fixed.items() if value}
    scheduling: dict[str, object] = {"nodeSelector": {HANDLERS[declared.name].label: "true"}}
    if declared.tolerations:
        scheduling["tolerations"] = [
            {"key": each.key, "operator": "Equal", "value": each.value, "effect": each.effect}
            for each in declared.tolerations
        ]
    return {
        "apiVersion": "node.k8s.io/v1",
        "kind": "RuntimeClass",
        "metadata": {"name": declared.name, "labels": MANAGED},
        "handler": declared.name,
        **({"overhead": {"podFixed": overhead}} if overhead else {}),
        "scheduling": scheduling,
    }


def proofs(nodes: Sequence[NodeConfig]) -> str:
    """What is proven on each node with handlers: lines of node, handler, its runtime's socket, and a pod's evidence.

    The evidence is `own` or `node`, whose kernel it is, and three expressions, `-` where there is nothing to be seen:
    of the kernel's version, of its messages, of the process that runs the pod.
    """
    return "\n".join(_proof(node, each) for node in nodes for each in node.handlers)


def _proof(node: NodeConfig, declared: HandlerConfig) -> str:
    seen = variant_of(declared).evidence
    whose = "own" if seen.own_kernel else "node"
    expressions = (each or "-" for each in (seen.kernel, seen.messages, seen.process))
    return " ".join([node.name, declared.name, RUNTIMES[node.runtime].cri_socket, whose, *expressions])


def overhead_mib(node: NodeConfig) -> int:
    """The memory that a node must have for a pod of its handlers beside what it needs without them, in MiB."""
    bytes_ = [in_bytes(each.overhead_memory) for each in node.handlers if each.overhead_memory]
    return -(-max(bytes_, default=0) // 2**20)


def room(node: NodeConfig) -> dict[str, int]:
    """The folders of a node's handlers, and the disk in GiB that each takes."""
    records = [HANDLERS[each.name] for each in node.handlers]
    return {each.folder: each.disk_gib for each in records if each.folder}
