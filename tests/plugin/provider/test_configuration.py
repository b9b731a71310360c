"""The plugin by itself, and how it is told of its host."""

from typing import Any

import pytest
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import provider_pb2
from pulumi.runtime.rpc import UNKNOWN

from provider import wire
from tests.plugin.command.fake_engine import FakeEngine
from tests.plugin.provider.conftest import configuration
from tests.plugin.provider.driver import (
    IMAGE,
    Plugin,
    RefusedError,
    wrapped,
)
from tests.unit.provider.ssh_server import USER, served
from tests.vsphere.simulated_host import Ova
from tests.vsphere.simulator import DATASTORE, PASSWORD, Simulator


def test_the_plugin_says_what_it_is(plugin: Plugin) -> None:
    assert plugin.call("GetPluginInfo", Empty()).version == "0.1.0"
    assert '"kubelab"' in plugin.call("GetSchema", provider_pb2.GetSchemaRequest()).schema


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"password": "wrong-password"}, "wrong user or password"),
        ({"tlsCaPem": None, "tlsSha256": "00" * 32}, "its certificate has SHA-256"),
        ({"tlsCaPem": None}, "is not trusted"),
        ({"port": 1}, "does not answer"),
    ],
)
def test_a_host_that_refuses_is_one_line_without_secret_or_traceback(
    plugin: Plugin, simulator: Simulator, ova: Ova, changed: dict[str, Any], expected: str
) -> None:
    plugin.configure(configuration(simulator, **changed))
    inputs = {"ova": str(ova.path), "sha256": ova.sha256, "datastore": DATASTORE}
    with pytest.raises(RefusedError) as caught:
        plugin.create(IMAGE, "image", wrapped(inputs))

    message = str(caught.value)
    assert expected in message
    assert "\n" not in message
    assert "Traceback" not in message + plugin.log
    assert PASSWORD not in message + plugin.log
    assert "wrong-password" not in message + plugin.log


def test_a_host_that_is_not_verified_is_warned_of_before_it_gets_the_password(
    plugin: Plugin, engine: FakeEngine, simulator: Simulator, ova: Ova
) -> None:
    plugin.configure(configuration(simulator, tlsCaPem=None, tlsInsecure=True))
    plugin.create(IMAGE, "image", wrapped({"ova": str(ova.path), "sha256": ova.sha256, "datastore": DATASTORE}))
    (warning,) = [line for line in engine.lines if "tls.insecure" in line.message]
    assert warning.severity == "WARNING"
    assert f"the certificate of 127.0.0.1:{simulator.port} is not verified" in warning.message


def test_a_wrong_configuration_is_reported_all_at_once(plugin: Plugin) -> None:
    bad = wrapped({"server": "esxi", "port": "many", "tlsSha256": "12", "colour": "red"})
    answer = plugin.call("CheckConfig", provider_pb2.CheckRequest(news=bad))
    assert {failure.property for failure in answer.failures} == {
        "user",
        "password",
        "owner",
        "port",
        "tlsSha256",
        "colour",
    }


def test_the_password_stays_a_secret(plugin: Plugin, simulator: Simulator) -> None:
    plain = wrapped(configuration(simulator))
    answer = plugin.call("CheckConfig", provider_pb2.CheckRequest(news=plain))
    assert wire.decode(answer.inputs)[1] == {"password"}


def test_another_password_or_server_replaces_nothing(plugin: Plugin, simulator: Simulator) -> None:
    olds, news = configuration(simulator), configuration(simulator, server="esxi.lab", password="new")
    answer = plugin.call("DiffConfig", provider_pb2.DiffRequest(olds=wrapped(olds), news=wrapped(news, "password")))
    assert sorted(answer.diffs) == ["password", "server"]
    assert not answer.replaces


def test_a_preview_with_a_password_that_is_not_known_yet_works(plugin: Plugin, simulator: Simulator, ova: Ova) -> None:
    plugin.configure(configuration(simulator, password=UNKNOWN))
    inputs = wrapped({"ova": str(ova.path), "sha256": ova.sha256, "datastore": DATASTORE})
    assert plugin.create(IMAGE, "image", inputs, preview=True).outputs["diskPath"] == UNKNOWN


def test_a_type_that_is_not_there_is_named_with_those_that_are(plugin: Plugin) -> None:
    with pytest.raises(RefusedError, match=r"kubelab:index:Floppy: unknown to kubelab .* kubelab:index:VirtualMachine"):
        plugin.check("Floppy", wrapped({}))


def test_the_provider_of_machines_that_exist_needs_no_host(plugin: Plugin) -> None:
    answer = plugin.call("CheckConfig", provider_pb2.CheckRequest(news=wrapped({"owner": "kubelab/test"})))
    assert list(answer.failures) == []


def test_a_machine_that_exists_is_known_and_left_without_a_host(plugin: Plugin) -> None:
    ran: list[tuple[str, str]] = []

    def answer(command: str, text: str) -> tuple[int, str]:
        ran.append((command, text))
        return 0, "removed\n"

    plugin.configure({"owner": "kubelab/test"})
    with served(answer) as server:
        inputs = wrapped(
            {
                "name": "w1",
                "address": "127.0.0.1",
                "port": server.port,
                "user": USER,
                "hostKey": server.host_key,
                "privateKey": server.user_key,
                "removalCommand": "leave",
                "removalInput": "the script",
                "removalSeconds": 10,
            },
            "privateKey",
        )
        machine = plugin.create("ExistingMachine", "w1", inputs)
        assert plugin.refresh(machine) is not None
        plugin.delete(machine)
    assert [text for _, text in ran] == ["", "the script"]
    assert server.user_key.splitlines()[1] not in plugin.log
