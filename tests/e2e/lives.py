"""A shipped stack from its first up to its end."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.labs import built, remains
from tests.e2e.project import Project, Result


@dataclass(frozen=True, slots=True)
class Life:
    """What was seen of a lab from its first up to its end."""

    declared: Mapping[str, str]
    reported: Mapping[str, str]
    systems: Mapping[str, str]
    second_preview: Result
    doctor: Result
    destroy: Result
    left: Mapping[str, list[str]]


def live(directory: Path, word: str, system: str, site: Path) -> Life:
    """Build a shipped stack on a guest system, look at it, destroy it."""
    name = f"e2e-{word}"
    project = Project.copy(directory, word, f"{name}-", name)
    for node in project.nodes:
        project.set_node(node, {"image": system})
    with built(project, site) as cluster:
        declared = project.runtimes
        cluster.wait_ready(*declared)
        reported = {node: runtime.partition("://")[0] for node, runtime in cluster.reported_runtimes().items()}
        systems = cluster.reported_systems()
        preview = ("pulumi", "preview", "--expect-no-changes", "--stack", name, "--non-interactive")
        second_preview, doctor = project.run(*preview), project.doctor()
        destroy = project.run("pulumi", "destroy", "--yes", "--skip-preview", "--stack", name, "--non-interactive")
        return Life(declared, reported, systems, second_preview, doctor, destroy, remains(project, site))
