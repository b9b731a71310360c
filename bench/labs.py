"""Whole labs on the embedded lab: the first up with its critical path, runs without changes, state, destroy."""

import json
import sys
from pathlib import Path
from statistics import median

from bench import critical_path, projects
from bench.report import figure, heading, seconds
from rig.catalog import DEFAULT_SYSTEM
from tests.e2e.labs import clear
from tests.e2e.project import Project

ROUNDS = 3
UP = ("up", "--yes", "--skip-preview")


def measure(directory: Path, runtime: str, *, is_cold: bool, is_noop: bool) -> float:
    """Build the runtime's shipped stack from nothing, measure, destroy. Returns the seconds of the first up."""
    project = projects.shipped(directory / "lab", runtime)
    nodes = tuple(project.nodes)
    events = directory / "events.json"
    # Only then does the engine know its option.
    project.environment["PULUMI_DEBUG_COMMANDS"] = "true"
    heading(f"{runtime}, {len(nodes)} nodes")
    try:
        cold, _ = projects.measured(project, *UP, "--event-log", str(events))
        del project.environment["PULUMI_DEBUG_COMMANDS"]
        if is_cold:
            figure("cold up", seconds([cold]))
            report_path(events, project)
            report_state(project)
        if is_noop:
            report_noop(directory, project)
        destroy, _ = projects.measured(project, "destroy", "--yes", "--skip-preview")
        figure("destroy", seconds([destroy]))
    finally:
        clear(project, project.site_file, nodes)
    return cold


def measure_baked(directory: Path, runtime: str) -> None:
    """Build the runtime's stack on an image that has it inside; the plain image's figure is that of `measure`."""
    heading(f"{runtime}, from an image with its stack inside")
    making, _ = projects.seconds_of(sys.executable, "-m", "rig", "bake", "--stack", runtime)
    project = projects.shipped(directory, runtime)
    nodes = tuple(project.nodes)
    for node in nodes:
        project.set_node(node, {"image": f"{DEFAULT_SYSTEM}-baked-{runtime}"})
    events = directory / "events.json"
    project.environment["PULUMI_DEBUG_COMMANDS"] = "true"
    try:
        cold, _ = projects.measured(project, *UP, "--event-log", str(events))
        del project.environment["PULUMI_DEBUG_COMMANDS"]
        figure("making the image, unless it was there", seconds([making]))
        figure("cold up", seconds([cold]))
        report_path(events, project)
    finally:
        clear(project, project.site_file, nodes)


def report_path(events: Path, project: Project) -> None:
    """The chain of steps that determined when the up ended, each with its seconds and what passed before it."""
    done = critical_path.steps(critical_path.events(events))
    path = critical_path.critical_path(done, critical_path.dependencies(json.loads(project.state())))
    before = min(step.began for step in done.values())
    figure("  critical path", f"{path[-1].ended - before} s, in whole seconds:")
    for step in path:
        waited = f", {step.began - before} s after the one before" if step.began > before else ""
        figure(f"    {step.name}", f"{step.ended - step.began:3d} s{waited}")
        before = step.ended


def report_state(project: Project) -> None:
    """Resources, state and connections, per node too."""
    state, on_disk, nodes = project.state(), project.state_file.stat().st_size, len(project.nodes)
    resources = json.loads(state)["checkpoint"]["latest"]["resources"]
    commands = [resource for resource in resources if resource["type"] == "command:remote:Command"]
    figure("resources", f"{len(resources)}, {len(resources) / nodes:.1f} per node")
    figure("state on disk", f"{on_disk / 1000:.1f} KB, {on_disk / nodes / 1000:.1f} KB per node")
    figure("  unpacked", f"{len(state) / 1000:.1f} KB")
    figure("connections", f"{len(commands)}, {len(commands) / nodes:.1f} per node")


def report_noop(directory: Path, project: Project) -> None:
    """Runs without changes, in turns with those of an empty program."""
    empty = projects.empty(directory / "empty")
    projects.measured(empty, *UP)
    lab_ups, empty_ups, previews = [], [], []
    for _ in range(ROUNDS):
        empty_ups.append(projects.measured(empty, *UP)[0])
        lab_ups.append(projects.measured(project, *UP, "--expect-no-changes")[0])
        previews.append(projects.measured(project, "preview", "--expect-no-changes")[0])
    figure("up without changes", seconds(lab_ups))
    figure("  empty program", seconds(empty_ups))
    figure("  against the empty program", f"{median(lab_ups) / median(empty_ups):.2f} times")
    figure("preview without changes", seconds(previews))
