"""What inputs the plugin takes, and what it makes of them."""

import pytest

from tests.plugin.command.driver import REMOTE, Plugin
from tests.plugin.command.wire import UNKNOWN, is_secret, revealed, secret


def test_a_connection_gets_its_defaults(plugin: Plugin) -> None:
    checked = plugin.check(REMOTE, {"connection": secret({"host": "10.0.0.1"}), "create": "true"})
    assert revealed(checked.inputs["connection"]) == {
        "host": "10.0.0.1",
        "user": "root",
        "port": 22,
        "dialErrorLimit": 10,
        "perDialTimeout": 15,
    }


def test_a_proxy_gets_the_same_defaults(plugin: Plugin) -> None:
    checked = plugin.check(REMOTE, {"connection": {"host": "10.0.0.1", "proxy": {"host": "gate", "user": "lab"}}})
    assert revealed(checked.inputs["connection"])["proxy"] == {
        "host": "gate",
        "user": "lab",
        "port": 22,
        "dialErrorLimit": 10,
        "perDialTimeout": 15,
    }


def test_a_connection_is_marked_secret_even_if_it_came_in_plain(plugin: Plugin) -> None:
    checked = plugin.check(REMOTE, {"connection": {"host": "h", "password": "hunter2"}})
    assert is_secret(checked.inputs["connection"])


def test_a_secret_input_stays_secret(plugin: Plugin) -> None:
    inputs = {"connection": {"host": "h"}, "stdin": secret("hunter2"), "environment": {"TOKEN": secret("t")}}
    checked = plugin.check(REMOTE, inputs)
    assert checked.inputs["stdin"] == secret("hunter2")
    assert checked.inputs["environment"] == {"TOKEN": secret("t")}


def test_inputs_that_are_not_known_yet_are_taken(plugin: Plugin) -> None:
    checked = plugin.check(
        REMOTE, {"connection": secret({"host": UNKNOWN}), "create": UNKNOWN, "triggers": [UNKNOWN], "stdin": UNKNOWN}
    )
    assert not checked.failures
    assert checked.inputs["create"] == UNKNOWN
    assert revealed(checked.inputs["connection"])["host"] == UNKNOWN


def test_a_missing_connection_is_refused(plugin: Plugin) -> None:
    assert "connection" in plugin.check(REMOTE, {"create": "true"}).failures


@pytest.mark.parametrize(("name", "value"), [("create", 5), ("environment", "A=b"), ("triggers", "vm-1")])
def test_a_value_of_the_wrong_type_is_refused(plugin: Plugin, name: str, value: object) -> None:
    assert name in plugin.check(REMOTE, {"connection": {"host": "h"}, name: value}).failures
