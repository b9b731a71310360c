"""A node whose machine was made and now exists, or the other way round: another machine, in its place."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2
from pulumi.runtime.rpc import UNKNOWN

from provider import wire
from provider.wire import Properties
from tests.plugin.provider.conftest import OWNER, configuration, machine_properties
from tests.plugin.provider.driver import MACHINE, Plugin, RefusedError, Resource, urn, wrapped
from tests.unit.provider.ssh_server import USER, served
from tests.vsphere.simulator import Simulator

EXISTING = "ExistingMachine"
FOUND = {
    "name": "w1",
    "address": "192.0.2.7",
    "port": 22,
    "user": "admin",
    "hostKey": "ssh-ed25519 AAAA",
    "privateKey": "pem",
    "removalCommand": "leave",
    "removalInput": "the script",
    "removalSeconds": 10,
    "replaceTriggers": {"runtime": "containerd"},
}
NO_HOST = {"owner": OWNER, "controlPlanes": "cp1", "existingControlPlanes": "cp1", "allowReplace": "cp1"}


def found(**changed: Any) -> Any:
    return wrapped({**FOUND, **changed}, "privateKey")


def compared(plugin: Plugin, kind: str, olds: Any, news: Any) -> provider_pb2.DiffResponse:
    """What the plugin says of a resource whose former state is that of the other platform's machine."""
    request = provider_pb2.DiffRequest(id="former", urn=urn(kind, "w1"), olds=olds, old_inputs=olds, news=news)
    answer: provider_pb2.DiffResponse = plugin.call("Diff", request)
    return answer


@contextmanager
def answering() -> Iterator[Properties]:
    """The way into a machine that lets its user become root."""
    with served(lambda _command, _text: (0, "")) as server:
        yield {
            "address": "127.0.0.1",
            "port": server.port,
            "user": USER,
            "hostKey": server.host_key,
            "privateKey": server.user_key,
        }


@pytest.fixture
def made(configured: Plugin, machine_inputs: dict[str, Any]) -> Resource:
    """A worker's machine as the state has it; nothing of it is on the host."""
    return configured.create(MACHINE, "w1", machine_properties(machine_inputs), preview=True)


def test_a_made_worker_that_exists_now_is_deleted_before_the_other_is_known(configured: Plugin, made: Resource) -> None:
    with answering() as login:
        answer = compared(configured, EXISTING, made.state, found(**login))
    assert "hostKey" in answer.replaces
    assert answer.deleteBeforeReplace


def test_a_worker_that_existed_and_is_made_now_is_left_before_the_other_is_made(
    configured: Plugin, machine_inputs: dict[str, Any]
) -> None:
    answer = compared(configured, MACHINE, found(), machine_properties(machine_inputs))
    assert {"imageSha256", "hostKeyPublic"} <= set(answer.replaces)
    assert answer.deleteBeforeReplace


def test_a_worker_that_existed_may_be_made_on_whichever_of_several_targets(
    plugin: Plugin, simulator: Simulator
) -> None:
    """It has no target that it could stay on."""
    alone = configuration(simulator)
    entries = [{**alone, "targetName": name, "datastore": "ds", "network": "net"} for name in ("r1", "r2")]
    passwords = json.dumps(dict.fromkeys(("r1", "r2"), alone["password"]))
    shown = [{key: value for key, value in each.items() if key not in ("password", "owner")} for each in entries]
    plugin.configure({"owner": OWNER, "targets": json.dumps(shown), "passwords": passwords, "machines": "[]"})
    images = {"r1": "[ds] a.vmdk", "r2": "[ds] b.vmdk"}
    news = wrapped({"name": "w1", "imageSha256": "a" * 64, "images": images, "hostKeyPublic": UNKNOWN})
    assert "imageSha256" in compared(plugin, MACHINE, found(), news).replaces


@pytest.mark.case("T8")
def test_what_a_machine_holds_is_refused_on_the_other_platform_too(
    configured: Plugin, machine_inputs: dict[str, Any]
) -> None:
    disks = [{"name": "data", "sizeGiB": 10}]
    with_disk = configured.create(MACHINE, "w1", machine_properties(machine_inputs, extraDisks=disks), preview=True)
    with pytest.raises(RefusedError) as caught:
        compared(configured, EXISTING, with_disk.state, found())
    assert str(caught.value) == (
        "machine w1: it exists now (platform.existing), was made on platform.vsphere: the one made is deleted, and "
        "what is on its disk data is lost; put back what it was, or, if that is meant, write allowReplace: true at "
        "node w1 in the stack file"
    )
    with answering() as login:
        assert compared(configured, EXISTING, with_disk.state, found(allowReplace=True, **login)).replaces

    held = machine_properties(machine_inputs, holds="its etcd")
    with pytest.raises(RefusedError, match=r"made on platform.vsphere now, was one that exists: what kubelab put on"):
        compared(configured, MACHINE, found(), held)


@pytest.mark.case("T8")
def test_a_control_plane_on_another_platform_is_refused_as_a_failure_of_the_configuration(
    plugin: Plugin, simulator: Simulator
) -> None:
    """Before anything of the lab is compared, and so before anything changes."""
    olds = wrapped(configuration(simulator, controlPlanes="cp1"), "password")
    news = wrapped({**NO_HOST, "allowReplace": ""})
    checked = plugin.call("CheckConfig", provider_pb2.CheckRequest(olds=olds, news=news))
    (failure,) = checked.failures
    assert failure.property == ""
    assert failure.reason.startswith("control plane cp1: on platform.existing now, was on platform.vsphere")


def test_machines_of_a_host_that_no_node_needs_any_more_are_still_deleted(
    configured: Plugin, simulator: Simulator, machine: Resource, image: Resource
) -> None:
    """All nodes exist now: the provider keeps how the host is reached for as long as it is there."""
    olds = wrapped(configuration(simulator, controlPlanes="cp1"), "password")
    checked = configured.call("CheckConfig", provider_pb2.CheckRequest(olds=olds, news=wrapped(NO_HOST)))
    assert list(checked.failures) == []
    assert "passwords" in wire.decode(checked.inputs)[1]
    configured.call("Configure", provider_pb2.ConfigureRequest(args=checked.inputs, acceptSecrets=True))
    assert "w1" in simulator.machines()
    configured.delete(machine)
    configured.delete(image)
    assert simulator.machines() == {}
