"""The stacks that differ from the containerd stack in one word: built, the same in a second run, destroyed."""

from collections.abc import Mapping
from concurrent.futures import Future

import pytest

from components.runtimes import RUNTIMES
from rig.catalog import DEFAULT_SYSTEM
from tests.e2e.lives import SYSTEMS, WORDS, Life


@pytest.fixture(scope="module", params=WORDS)
def life(request: pytest.FixtureRequest, lives: Mapping[str, Future[Life]]) -> Life:
    """The lab of one of these stacks."""
    return lives[request.param].result()


def test_every_node_is_ready_with_the_runtime_that_the_stack_names(life: Life) -> None:
    assert len(set(life.declared.values())) == 1
    assert life.reported == {node: RUNTIMES[runtime].reported_as for node, runtime in life.declared.items()}


def test_every_node_runs_the_guest_system_that_its_image_holds(life: Life) -> None:
    release = SYSTEMS.get(life.word, DEFAULT_SYSTEM).removeprefix("debian-")
    assert {name.split("(")[0].strip() for name in life.systems.values()} == {f"Debian GNU/Linux {release}"}


def test_a_second_preview_shows_no_change(life: Life) -> None:
    assert life.second_preview.code == 0, life.second_preview.output


def test_the_doctor_finds_nothing(life: Life) -> None:
    assert life.doctor.code == 0, life.doctor.output
    assert all(node in life.doctor.output for node in life.declared)


def test_destroy_leaves_nothing(life: Life) -> None:
    assert life.destroy.code == 0, life.destroy.output
    assert life.left == {}
