"""Rules that need a lab's images: one file holds one system, and packages are made for the systems that are there."""

from collections.abc import Iterator

from components.guest_systems import GUEST_SYSTEMS
from components.records.runtime import PackageSource
from components.runtimes import RUNTIMES
from config import versions
from config.images.lock import how_to_make
from config.lab import LabConfig, NodeConfig
from config.problems import Problem
from config.stack import PREFIX


def broken_rules(lab: LabConfig, stack_file: str) -> Iterator[Problem]:
    """What does not go together in a lab whose two documents break no rule; `stack_file` is how messages name it."""
    yield from _systems_of_one_file(lab, stack_file)
    yield from _templates_without_a_vcenter(lab, stack_file)
    yield from _packages_that_are_not_made(lab, stack_file)


def warnings(lab: LabConfig, stack_file: str) -> Iterator[Problem]:
    """What a lab wants otherwise than its images have it inside: a line for each image. Steps make up for it."""
    nodes_of: dict[str, list[NodeConfig]] = {}
    for node in lab.nodes:
        if node.image:
            nodes_of.setdefault(node.image.sha256, []).append(node)
    for nodes in nodes_of.values():
        baked = nodes[0].image.baked if nodes[0].image else None
        if baked is None:
            continue
        wanted = {f"Kubernetes {lab.cluster.kubernetes_version}": None}
        wanted |= {f"{node.runtime} {node.runtime_version}": None for node in nodes}
        inside = [f"Kubernetes {baked.kubernetes}", *(f"{word} {found}" for word, found in baked.runtimes.items())]
        if missing := [each for each in wanted if each not in inside]:
            text = f"found {', '.join(missing)}, and in image {baked.word}, {', '.join(inside)}: pulumi up installs"
            remedy = how_to_make(nodes[0].system, lab.stack)
            yield Problem(stack_file, f"{PREFIX}cluster", f"{text} what is missing; for an image that has it, {remedy}")


def _systems_of_one_file(lab: LabConfig, stack_file: str) -> Iterator[Problem]:
    systems = {target.image.sha256: target.image.system for target in lab.site.vsphere}
    for node in lab.nodes:
        if node.image is None:
            continue
        first = systems.setdefault(node.image.sha256, node.image.system)
        if first != node.image.system:
            text = f"found {node.image.system!r}, and elsewhere {first!r} for the same image (sha256), allowed: one"
            yield Problem(stack_file, f"{PREFIX}nodes/{node.name}/image/system", text)


def _templates_without_a_vcenter(lab: LabConfig, stack_file: str) -> Iterator[Problem]:
    for node in lab.nodes:
        if node.image is None:
            continue
        target = lab.site.target_of(node)
        targets = lab.site.vsphere if target is None else (target,)
        others = [each.name or each.server for each in targets if not each.placement.in_vcenter]
        if node.image.template and others:
            text = f"found the template {node.image.template}, and {', '.join(others)} without cluster or host:"
            remedy = "templates are a vCenter's; write ova and sha256, or cluster or host in the site file"
            yield Problem(stack_file, f"{PREFIX}nodes/{node.name}/image", f"{text} {remedy}")


def _packages_that_are_not_made(lab: LabConfig, stack_file: str) -> Iterator[Problem]:
    for node in lab.nodes:
        first = GUEST_SYSTEMS[node.system].first_versions.get(node.runtime)
        if (
            first is None
            or _is_mirrored(lab, node)
            or versions.numbers(node.runtime_version) >= versions.numbers(first)
        ):
            continue
        fitting = [
            known for known in RUNTIMES[node.runtime].versions if versions.numbers(known) >= versions.numbers(first)
        ]
        text = f"found {node.runtime} {node.runtime_version} on {node.system}, whose packages begin with {first}"
        remedy = f"set runtimeVersions: {{{node.runtime}: {', '.join(fitting[:1]) or first}}}"
        other = "machine" if node.existing else "image"
        yield Problem(stack_file, f"{PREFIX}nodes/{node.name}/runtime", f"{text}; {remedy}, or choose another {other}")


def _is_mirrored(lab: LabConfig, node: NodeConfig) -> bool:
    """Whether the runtime's packages come from the site's own server, which may have any."""
    minor = versions.kubernetes(lab.cluster.kubernetes_version).minor
    source = PackageSource(minor, lab.site.mirrors, GUEST_SYSTEMS[node.system])
    return RUNTIMES[node.runtime].repository(source).mirrored
