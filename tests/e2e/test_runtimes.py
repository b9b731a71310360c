"""The stacks that differ from the containerd stack in one word: built, the same in a second run, destroyed.

They do so side by side: most of a lab's life is waiting.
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from components.runtimes import RUNTIMES
from tests.e2e.labs import built, remains
from tests.e2e.project import Project, Result

# The containerd stack is the lab of test_lab.py.
WORDS = sorted(set(RUNTIMES) - {"containerd"})


@dataclass(frozen=True, slots=True)
class Life:
    """What was seen of a lab from its first up to its end."""

    declared: Mapping[str, str]
    reported: Mapping[str, str]
    second_preview: Result
    doctor: Result
    destroy: Result
    left: Mapping[str, list[str]]


def live(directory: Path, word: str, site: Path) -> Life:
    """Build the shipped stack of one runtime, look at it, destroy it."""
    name = f"e2e-{word}"
    project = Project.copy(directory, word, f"{name}-", name)
    with built(project, site) as cluster:
        declared = project.runtimes
        cluster.wait_ready(*declared)
        reported = {node: runtime.partition("://")[0] for node, runtime in cluster.reported_runtimes().items()}
        preview = ("pulumi", "preview", "--expect-no-changes", "--stack", name, "--non-interactive")
        second_preview, doctor = project.run(*preview), project.doctor()
        destroy = project.run("pulumi", "destroy", "--yes", "--skip-preview", "--stack", name, "--non-interactive")
        return Life(declared, reported, second_preview, doctor, destroy, remains(project, site))


@pytest.fixture(scope="module")
def lives(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Future[Life]]]:
    """The labs of all these stacks, begun at once."""
    with ThreadPoolExecutor() as pool:
        yield {word: pool.submit(live, tmp_path_factory.mktemp(word), word, site) for word in WORDS}


@pytest.fixture(scope="module", params=WORDS)
def life(request: pytest.FixtureRequest, lives: Mapping[str, Future[Life]]) -> Life:
    """The lab of one of these stacks."""
    return lives[request.param].result()


def test_every_node_is_ready_with_the_runtime_that_the_stack_names(life: Life) -> None:
    assert len(set(life.declared.values())) == 1
    assert life.reported == {node: RUNTIMES[runtime].reported_as for node, runtime in life.declared.items()}


def test_a_second_preview_shows_no_change(life: Life) -> None:
    assert life.second_preview.code == 0, life.second_preview.output


def test_the_doctor_finds_nothing(life: Life) -> None:
    assert life.doctor.code == 0, life.doctor.output
    assert all(node in life.doctor.output for node in life.declared)


def test_destroy_leaves_nothing(life: Life) -> None:
    assert life.destroy.code == 0, life.destroy.output
    assert life.left == {}
