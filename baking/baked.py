"""From a checked lab to what is to be run in the root of its image, in this order. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from components.guest_systems import of_node
from components.step import Step, check_environment, render_stdin
from components.steps.node import install_kubernetes, install_runtime, leave_image, prepare_os
from config import LabConfig, NodeConfig, versions


@dataclass(frozen=True, slots=True)
class BakedStep:
    """A step's file, its time limit, and all that its shell reads: a secret where a registry wants a password."""

    file: str
    seconds: int
    text: str


@dataclass(frozen=True, slots=True)
class Baked:
    """What an image has inside: `runtimes` by word with their versions, and the steps that put all of it there.

    `name` is what the steps call the machine that they are told of, which is none.
    """

    stack: str
    name: str
    kubernetes: str
    runtimes: dict[str, str]
    steps: tuple[BakedStep, ...]


def baked(lab: LabConfig) -> Baked:
    """What the image of all nodes of `lab` has inside, each of its runtimes among it.

    Its guest system is that of the nodes' image, which must be one and the same.
    """
    nodes = _one_of_each_runtime(lab)
    return Baked(
        lab.stack,
        nodes[0].name,
        lab.cluster.kubernetes_version,
        {node.runtime: node.runtime_version for node in nodes},
        tuple(step for node in nodes for step in _steps(lab, node)),
    )


def _one_of_each_runtime(lab: LabConfig) -> list[NodeConfig]:
    """Nodes under a name of the image's own, but for machines that exist; control planes first: they have more images.

    Without handlers, which are single nodes': each brings its own, with the kernel's modules that they need.
    """
    first: dict[str, NodeConfig] = {}
    for node in (*lab.control_planes, *lab.workers):
        if node.existing:
            continue
        first.setdefault(node.runtime, node)
    return [replace(node, name=f"{of_node(node).name}-image", handlers=()) for node in first.values()]


def _steps(lab: LabConfig, node: NodeConfig) -> Iterator[BakedStep]:
    cluster, site = lab.cluster, lab.site
    repositories = prepare_os.repositories(node, versions.kubernetes(cluster.kubernetes_version).minor, site.mirrors)
    yield _step(prepare_os.STEP, prepare_os.environment(node, site, repositories))
    yield _step(install_runtime.step(node, secret=True), install_runtime.environment(node, cluster, site))
    yield _step(install_kubernetes.STEP, install_kubernetes.environment(node, cluster, site))
    yield _step(leave_image.STEP, leave_image.environment(node, cluster, site))


def _step(step: Step, environment: dict[str, str]) -> BakedStep:
    check_environment(step.file, list(environment))
    return BakedStep(step.file, step.timeout_seconds, render_stdin(step.file, environment))
