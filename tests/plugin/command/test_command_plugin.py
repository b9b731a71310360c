"""What the plugin says of itself."""

import json

from tests.plugin.command.driver import REMOTE, Plugin


def test_the_plugin_says_the_version_that_the_python_sdk_asks_for(plugin: Plugin) -> None:
    assert plugin.version() == "1.2.1"


def test_the_schema_holds_the_resource_with_its_inputs(plugin: Plugin) -> None:
    schema = json.loads(plugin.schema())
    assert schema["name"] == "command"
    remote = schema["resources"][REMOTE]
    assert {"connection", "create", "update", "delete", "stdin", "triggers"} <= remote["inputProperties"].keys()
    assert remote["requiredInputs"] == ["connection"]
    assert remote["inputProperties"]["connection"]["secret"] is True
    assert remote["inputProperties"]["triggers"]["replaceOnChanges"] is True
    assert {"stdout", "stderr"} <= remote["properties"].keys()
    assert "command:remote:Connection" in schema["types"]
