"""Previews of labs that are still to be made, of 10 and of 100 nodes, beside that of an empty program."""

import re
from pathlib import Path
from statistics import median

from bench import projects
from bench.report import figure, heading, seconds

SMALL, LARGE = 10, 100
ROUNDS = 3


def measure(directory: Path) -> None:
    """Take turns, so that whatever else the machine does is in all figures."""
    labs = {nodes: projects.of_size(directory / str(nodes), nodes) for nodes in (SMALL, LARGE)}
    empty = projects.empty(directory / "empty")
    taken: dict[int, list[float]] = {0: [], SMALL: [], LARGE: []}
    resources: dict[int, int] = {}
    for _ in range(ROUNDS):
        taken[0].append(projects.measured(empty, "preview")[0])
        for nodes, project in labs.items():
            elapsed, output = projects.measured(project, "preview")
            taken[nodes].append(elapsed)
            resources[nodes] = to_create(output)
    heading("preview of a lab that is still to be made")
    figure("empty program", seconds(taken[0]))
    for nodes in (SMALL, LARGE):
        figure(f"{nodes} nodes", seconds(taken[nodes]))
    small, large = (median(taken[nodes]) - median(taken[0]) for nodes in (SMALL, LARGE))
    figure("  each without the empty program, per node", f"{small / SMALL:.3f} s and {large / LARGE:.3f} s")
    more = (resources[LARGE] - resources[SMALL]) / (LARGE - SMALL)
    figure("resources", f"{resources[SMALL]} and {resources[LARGE]}, {more:.1f} for each node more")


def to_create(output: str) -> int:
    """How many resources a preview counts, the stack among them."""
    found = re.search(r"\+ (\d+) to create", output)
    assert found is not None, output
    return int(found[1])
