"""What a machine was made for: which change of it makes the machine anew, and which does not."""

from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2
from pulumi.runtime.rpc import UNKNOWN

from tests.plugin.command.fake_engine import FakeEngine
from tests.plugin.provider.conftest import COMPUTED, machine_properties, report_address_at_power_on
from tests.plugin.provider.driver import (
    MACHINE,
    Plugin,
    Resource,
)
from tests.vsphere.fault_proxy import FaultProxy
from tests.vsphere.simulator import Simulator


@pytest.fixture
def made_for_docker(
    configured: Plugin, simulator: Simulator, proxy: FaultProxy, machine_inputs: dict[str, Any]
) -> Resource:
    """A created machine with a reason to be replaced."""
    report_address_at_power_on(simulator, proxy, "w1", "10.87.0.11")
    inputs = machine_properties(machine_inputs, replaceTriggers={"runtime": "docker", "other": "1"})
    return configured.create(MACHINE, "w1", inputs)


def test_another_value_of_what_a_machine_was_made_for_replaces_it_the_old_one_first(
    configured: Plugin, made_for_docker: Resource, machine_inputs: dict[str, Any]
) -> None:
    assert made_for_docker.outputs["replaceTriggers"] == {"runtime": "docker", "other": "1"}
    news = machine_properties(machine_inputs, replaceTriggers={"runtime": "crio", "other": "1"})
    answer = configured.diff(made_for_docker, news)
    assert {path: diff.kind for path, diff in answer.detailedDiff.items()} == {
        'replaceTriggers["runtime"]': provider_pb2.PropertyDiff.UPDATE_REPLACE
    }
    assert list(answer.replaces) == ["replaceTriggers"]
    assert answer.deleteBeforeReplace


@pytest.mark.parametrize("unchanged", ["machine", "made_for_docker"])
def test_what_a_machine_was_made_for_is_no_change_as_long_as_it_stays(
    configured: Plugin, request: pytest.FixtureRequest, unchanged: str
) -> None:
    made: Resource = request.getfixturevalue(unchanged)
    assert configured.diff(made, made.inputs).changes == provider_pb2.DiffResponse.DIFF_NONE
    refreshed = configured.refresh(made)
    assert refreshed is not None
    assert refreshed.outputs == made.outputs
    assert configured.diff(refreshed, made.inputs).changes == provider_pb2.DiffResponse.DIFF_NONE


@pytest.mark.parametrize(
    ("triggers", "changes"),
    [
        ({"runtime": "docker"}, {"other": provider_pb2.PropertyDiff.DELETE}),
        ({}, {"runtime": provider_pb2.PropertyDiff.DELETE, "other": provider_pb2.PropertyDiff.DELETE}),
        ({"runtime": "docker", "other": "1", "new": "x"}, {"new": provider_pb2.PropertyDiff.ADD}),
    ],
    ids=["one goes", "all go", "one comes"],
)
def test_a_name_that_comes_or_goes_is_an_update_that_leaves_the_machine_running(
    configured: Plugin,
    engine: FakeEngine,
    proxy: FaultProxy,
    made_for_docker: Resource,
    machine_inputs: dict[str, Any],
    triggers: dict[str, str],
    changes: dict[str, int],
) -> None:
    news = machine_properties(machine_inputs, replaceTriggers=triggers)
    answer = configured.diff(made_for_docker, news)
    assert not answer.replaces
    assert {path: diff.kind for path, diff in answer.detailedDiff.items()} == {
        f'replaceTriggers["{name}"]': kind for name, kind in changes.items()
    }
    previewed = configured.update(made_for_docker, news, preview=True)
    assert {key: previewed.outputs[key] for key in COMPUTED} == {key: made_for_docker.outputs[key] for key in COMPUTED}
    proxy.seen.clear()

    updated = configured.update(made_for_docker, news)

    assert not set(proxy.seen) & {"PowerOffVM_Task", "PowerOnVM_Task", "ShutdownGuest", "ReconfigVM_Task"}
    assert not any("shut down" in message for message in engine.messages)
    assert updated.outputs["replaceTriggers"] == triggers
    assert {key: updated.outputs[key] for key in COMPUTED} == {key: made_for_docker.outputs[key] for key in COMPUTED}
    assert configured.diff(updated, news).changes == provider_pb2.DiffResponse.DIFF_NONE


def test_a_machine_to_be_kept_takes_another_value_and_is_made_anew_once_it_is_not(
    configured: Plugin, made_for_docker: Resource, machine_inputs: dict[str, Any]
) -> None:
    kept = machine_properties(machine_inputs, replaceTriggers={"runtime": "crio", "other": "1"}, keepOnTriggers=True)
    assert not configured.diff(made_for_docker, kept).replaces
    updated = configured.update(made_for_docker, kept)
    assert configured.diff(updated, kept).changes == provider_pb2.DiffResponse.DIFF_NONE
    triggers = {"runtime": "containerd", "other": "1"}
    anew = machine_properties(machine_inputs, replaceTriggers=triggers, keepOnTriggers=False)
    assert list(configured.diff(updated, anew).replaces) == ["replaceTriggers"]


def test_whether_a_machine_is_to_be_kept_is_no_change_by_itself(
    configured: Plugin, made_for_docker: Resource, machine_inputs: dict[str, Any]
) -> None:
    triggers = {"runtime": "docker", "other": "1"}
    news = machine_properties(machine_inputs, replaceTriggers=triggers, keepOnTriggers=True)
    assert configured.diff(made_for_docker, news).changes == provider_pb2.DiffResponse.DIFF_NONE


def test_a_machine_of_before_gets_its_first_trigger_without_being_replaced(
    configured: Plugin, machine: Resource, machine_inputs: dict[str, Any]
) -> None:
    news = machine_properties(machine_inputs, replaceTriggers={"runtime": "docker"})
    answer = configured.diff(machine, news)
    assert list(answer.diffs) == ["replaceTriggers"]
    assert not answer.replaces
    updated = configured.update(machine, news)
    other = machine_properties(machine_inputs, replaceTriggers={"runtime": "crio"})
    assert list(configured.diff(updated, other).replaces) == ["replaceTriggers"]


def test_a_trigger_that_is_not_known_yet_is_no_reason_to_keep_the_machine(
    configured: Plugin, made_for_docker: Resource, machine_inputs: dict[str, Any]
) -> None:
    news = machine_properties(machine_inputs, replaceTriggers={"runtime": UNKNOWN, "other": "1"})
    assert list(configured.diff(made_for_docker, news).replaces) == ["replaceTriggers"]
