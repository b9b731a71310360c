"""What inputs the plugin takes, and what it makes of them."""

import pytest

from tests.plugin.command.driver import COPY, LOCAL, REMOTE, Plugin
from tests.plugin.command.wire import UNKNOWN, file_archive, file_asset, is_secret, revealed, secret, text_asset


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


@pytest.mark.parametrize("token", [REMOTE, COPY])
def test_a_connection_is_marked_secret_even_if_it_came_in_plain(plugin: Plugin, token: str) -> None:
    inputs = {"connection": {"host": "h", "password": "hunter2"}, "remotePath": "/x", "source": text_asset("a", "1")}
    given = inputs if token == COPY else {"connection": inputs["connection"]}
    assert is_secret(plugin.check(token, given).inputs["connection"])


def test_a_secret_input_stays_secret(plugin: Plugin) -> None:
    checked = plugin.check(LOCAL, {"create": "cat", "stdin": secret("hunter2"), "environment": {"TOKEN": secret("t")}})
    assert checked.inputs["stdin"] == secret("hunter2")
    assert checked.inputs["environment"] == {"TOKEN": secret("t")}


def test_inputs_that_are_not_known_yet_are_taken(plugin: Plugin) -> None:
    checked = plugin.check(
        REMOTE, {"connection": secret({"host": UNKNOWN}), "create": UNKNOWN, "triggers": [UNKNOWN], "stdin": UNKNOWN}
    )
    assert not checked.failures
    assert checked.inputs["create"] == UNKNOWN
    assert revealed(checked.inputs["connection"])["host"] == UNKNOWN


@pytest.mark.parametrize("token", [REMOTE, COPY])
def test_a_missing_connection_is_refused(plugin: Plugin, token: str) -> None:
    inputs = {"remotePath": "/x", "source": text_asset("a", "1")} if token == COPY else {"create": "true"}
    assert "connection" in plugin.check(token, inputs).failures


@pytest.mark.parametrize(("name", "value"), [("create", 5), ("environment", "A=b"), ("interpreter", "bash")])
def test_a_value_of_the_wrong_type_is_refused(plugin: Plugin, name: str, value: object) -> None:
    assert name in plugin.check(LOCAL, {name: value}).failures


@pytest.mark.parametrize(
    "source", [file_asset("a.txt", "1"), text_asset("a", "1"), file_archive("directory", "1")], ids=str
)
def test_a_file_a_text_and_a_directory_can_be_copied(plugin: Plugin, source: dict[str, str]) -> None:
    checked = plugin.check(COPY, {"connection": {"host": "h"}, "remotePath": "/x", "source": source})
    assert not checked.failures
    assert checked.inputs["source"] == source


def test_an_asset_by_url_is_refused(plugin: Plugin) -> None:
    source = {**text_asset("", "1"), "uri": "https://example.org/a"}
    del source["text"]
    assert plugin.check(COPY, {"connection": {"host": "h"}, "remotePath": "/x", "source": source}).failures
