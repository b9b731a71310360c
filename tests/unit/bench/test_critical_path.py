"""The chain of steps that determined when an up ended."""

from typing import Any

import pytest

from bench.critical_path import Step, critical_path, dependencies, steps


def urn(name: str) -> str:
    return f"urn:pulumi:bench::kubelab::command:remote:Command::{name}"


def event(kind: str, name: str, timestamp: int, *, op: str = "create", provider: str = "p") -> dict[str, Any]:
    return {
        "sequence": timestamp,
        "timestamp": timestamp,
        kind: {"metadata": {"op": op, "urn": urn(name), "provider": provider}},
    }


def done(**times: tuple[int, int]) -> dict[str, Step]:
    return {urn(name): Step(urn(name), began, ended, place=ended) for name, (began, ended) in times.items()}


def needed(**names: list[str]) -> dict[str, set[str]]:
    return {urn(name): {urn(before) for before in all_before} for name, all_before in names.items()}


def test_it_goes_back_from_the_last_step_by_the_latest_of_those_it_needed() -> None:
    found = done(machine=(0, 5), packages=(5, 30), runtime=(5, 12), init=(30, 60), other=(0, 55))
    path = critical_path(found, needed(packages=["machine"], runtime=["machine"], init=["packages", "runtime"]))
    assert [step.name for step in path] == ["machine", "packages", "init"]


def test_of_steps_that_ended_in_one_second_the_one_that_the_log_has_last_counts() -> None:
    found = {
        urn("verification"): Step(urn("verification"), 60, 60, place=8),
        urn("inspect"): Step(urn("inspect"), 59, 60, place=7),
    }
    assert [step.name for step in critical_path(found, needed(verification=["inspect"]))] == ["inspect", "verification"]


def test_what_a_step_needed_and_no_engine_worked_on_in_this_run_is_left_out() -> None:
    path = critical_path(done(init=(3, 9)), needed(init=["made-before"]))
    assert [step.name for step in path] == ["init"]


def test_nothing_done_is_no_path() -> None:
    assert critical_path({}, {}) == []


def test_a_step_lasts_from_its_beginning_to_its_outputs() -> None:
    found = steps([event("resourcePreEvent", "init", 3), event("resOutputsEvent", "init", 9)])
    assert found == done(init=(3, 9))


@pytest.mark.parametrize("left_out", [{"op": "same"}, {"provider": ""}])
def test_components_and_what_stays_the_same_take_no_time(left_out: dict[str, str]) -> None:
    found = [event("resourcePreEvent", "lab", 3, **left_out), event("resOutputsEvent", "lab", 9, **left_out)]
    assert steps(found) == {}


def test_a_resource_needs_what_its_inputs_came_from_and_its_provider() -> None:
    resource = {
        "urn": urn("init"),
        "dependencies": [urn("a")],
        "propertyDependencies": {"environment": [urn("b")], "stdin": None},
        "provider": f"{urn('provider')}::the-id",
    }
    state = {"checkpoint": {"latest": {"resources": [resource, {"urn": urn("a")}]}}}
    assert dependencies(state) == {**needed(init=["a", "b", "provider"]), urn("a"): set()}
