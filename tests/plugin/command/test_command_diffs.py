"""Which changes of inputs run something again, and how."""

from typing import Any

import pytest

from tests.plugin.command.driver import REMOTE, Plugin, Resource
from tests.plugin.command.wire import UNKNOWN, secret

CONNECTION = {"host": "127.0.0.1", "port": 1, "privateKey": "old key"}
STEP: dict[str, Any] = {
    "connection": secret(CONNECTION),
    "create": "make it so",
    "stdin": secret("settings"),
    "environment": {"A": "1"},
    "triggers": ["vm-1", {"cpus": 2}],
}


def known(plugin: Plugin, inputs: dict[str, Any], **outputs: Any) -> Resource:
    """A resource as the engine remembers it."""
    checked = plugin.check(REMOTE, inputs).inputs
    return Resource(REMOTE, "step1", checked, {**checked, **outputs})


def test_the_same_inputs_are_no_change(plugin: Plugin) -> None:
    change = plugin.diff(known(plugin, STEP, stdout="done", stderr=""), STEP)
    assert not change.any
    assert not change.replace


@pytest.mark.parametrize(
    "changed",
    [
        {"create": "make it other"},
        {"update": "adjust it"},
        {"delete": "undo it"},
        {"stdin": secret("other settings")},
        {"connection": secret({**CONNECTION, "privateKey": "new key"})},
        {"connection": secret({**CONNECTION, "host": "127.0.0.2"})},
        {"environment": {"A": "2"}},
        {"logging": "none"},
        {"addPreviousOutputInEnv": False},
    ],
    ids=lambda changed: "-".join(changed),
)
def test_a_changed_input_is_an_update_and_no_replacement(plugin: Plugin, changed: dict[str, Any]) -> None:
    change = plugin.diff(known(plugin, STEP, stdout="done", stderr=""), {**STEP, **changed})
    assert change.any
    assert not change.replace


@pytest.mark.parametrize(
    "triggers",
    [["vm-2", {"cpus": 2}], ["vm-1", {"cpus": 4}], ["vm-1"], ["vm-1", {"cpus": 2}, "more"], [UNKNOWN, {"cpus": 2}]],
    ids=["changed", "changed inside", "removed", "added", "not known yet"],
)
@pytest.mark.parametrize("update", [{}, {"update": "adjust it"}], ids=["without update", "with update"])
def test_a_changed_trigger_is_a_replacement(plugin: Plugin, triggers: list[Any], update: dict[str, str]) -> None:
    inputs = {**STEP, **update}
    change = plugin.diff(known(plugin, inputs, stdout="done", stderr=""), {**inputs, "triggers": triggers})
    assert change.any
    assert change.replace


def to_run(**inputs: Any) -> dict[str, Any]:
    return {"connection": secret(CONNECTION), **inputs}


def test_the_first_trigger_is_a_replacement(plugin: Plugin) -> None:
    old = known(plugin, to_run(create="true"))
    assert plugin.diff(old, to_run(create="true", triggers=["vm-1"])).replace


def test_outputs_that_differ_from_what_was_printed_before_are_no_change(plugin: Plugin) -> None:
    old = known(plugin, to_run(create="date"), stdout="Monday", stderr="warned")
    assert not plugin.diff(old, to_run(create="date")).any


def test_a_value_that_becomes_secret_is_a_change_so_its_plain_copy_goes(plugin: Plugin) -> None:
    old = known(plugin, to_run(create="cat", stdin="hunter2"), stdout="", stderr="")
    assert plugin.diff(old, to_run(create="cat", stdin=secret("hunter2"))).any


def test_a_change_names_the_property_that_changed(plugin: Plugin) -> None:
    old = known(plugin, to_run(create="a", environment={"A": "1", "B": "1"}))
    change = plugin.diff(old, to_run(create="b", environment={"A": "1", "B": "2"}))
    assert change.paths == {"create", "environment.B"}
