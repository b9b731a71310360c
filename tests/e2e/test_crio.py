"""The crio stack on an older guest system: built, the same in a second run, destroyed."""

from concurrent.futures import Future

import pytest

from components.runtimes import RUNTIMES
from tests.e2e.conftest import CRIO_SYSTEM
from tests.e2e.lives import Life


@pytest.fixture(scope="module")
def life(crio_life: Future[Life]) -> Life:
    """What was seen of the lab."""
    return crio_life.result()


def test_every_node_is_ready_with_the_runtime_that_the_stack_names(life: Life) -> None:
    assert set(life.declared.values()) == {"crio"}
    assert life.reported == {node: RUNTIMES[runtime].reported_as for node, runtime in life.declared.items()}


def test_every_node_runs_the_guest_system_that_its_image_holds(life: Life) -> None:
    release = CRIO_SYSTEM.removeprefix("debian-")
    assert {name.split("(")[0].strip() for name in life.systems.values()} == {f"Debian GNU/Linux {release}"}


def test_a_second_preview_shows_no_change(life: Life) -> None:
    assert life.second_preview.code == 0, life.second_preview.output


def test_the_doctor_finds_nothing(life: Life) -> None:
    assert life.doctor.code == 0, life.doctor.output
    assert all(node in life.doctor.output for node in life.declared)


def test_destroy_leaves_nothing(life: Life) -> None:
    assert life.destroy.code == 0, life.destroy.output
    assert life.left == {}
