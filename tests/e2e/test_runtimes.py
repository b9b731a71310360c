"""The stacks that differ from the containerd stack in one word: built, the same in a second run, destroyed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from components.runtimes import RUNTIMES
from tests.e2e.cluster import Cluster
from tests.e2e.labs import assert_destroy_leaves_nothing, built


# The containerd stack is the lab of test_lab.py.
@pytest.fixture(scope="module", params=sorted(set(RUNTIMES) - {"containerd"}))
def lab_of_one_runtime(
    request: pytest.FixtureRequest, site: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """The shipped stack of one runtime."""
    stack: str = request.param
    with built(tmp_path_factory.mktemp(stack), stack, site, lambda _: None) as cluster:
        yield cluster


def test_every_node_is_ready_with_the_runtime_that_the_stack_names(lab_of_one_runtime: Cluster) -> None:
    declared = lab_of_one_runtime.project.runtimes
    assert len(set(declared.values())) == 1
    lab_of_one_runtime.wait_ready(*declared)
    reported = {node: runtime.partition("://")[0] for node, runtime in lab_of_one_runtime.reported_runtimes().items()}
    assert reported == {node: RUNTIMES[runtime].reported_as for node, runtime in declared.items()}


def test_a_second_preview_shows_no_change(lab_of_one_runtime: Cluster) -> None:
    lab_of_one_runtime.project.pulumi("preview", "--expect-no-changes")


def test_the_doctor_finds_nothing(lab_of_one_runtime: Cluster) -> None:
    result = lab_of_one_runtime.project.run("make", "doctor", "STACK=e2e")
    assert result.code == 0, result.output
    assert all(node in result.output for node in lab_of_one_runtime.project.nodes)


def test_destroy_leaves_nothing(lab_of_one_runtime: Cluster, site: Path) -> None:
    assert_destroy_leaves_nothing(lab_of_one_runtime, site)
