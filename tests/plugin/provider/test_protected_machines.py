"""A machine that holds what would be lost with it: what replaces it is refused in the preview, or announced."""

import re
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2
from pulumi.runtime.rpc import UNKNOWN

from tests.plugin.command.fake_engine import FakeEngine
from tests.plugin.provider.conftest import configuration, machine_properties
from tests.plugin.provider.driver import MACHINE, Plugin, RefusedError, Resource, wrapped
from tests.vsphere.simulator import Simulator

HOLDS = "its etcd, and with it the whole cluster,"
KEPT = {"holds": HOLDS, "allowReplace": False}
LOST = f"the machine is made anew, and {HOLDS} is lost"
WORD = "write allowReplace: true at node w1 in the stack file"


@pytest.fixture
def machine(configured: Plugin, machine_inputs: dict[str, Any]) -> Resource:
    """A control plane's machine as the state has it; nothing of it is on the host."""
    return configured.create(MACHINE, "w1", machine_properties(machine_inputs, **KEPT), preview=True)


@pytest.mark.case("T8")
@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("sshUser", "ops", "ssh.user is 'ops', was 'lab'"),
        ("imageSha256", "0" * 64, f"image.sha256 is '{'0' * 64}', was "),
        ("network", "Lab", "platform.vsphere.network is 'Lab', was 'VM Network'"),
        ("datastore", "other", "platform.vsphere.datastore is 'other', was 'LocalDS_0'"),
        ("diskGiB", 2, "machine.diskGiB, which cannot shrink is 2, was 4"),
        ("name", "w9", "the node's name is 'w9', was 'w1'"),
        ("hostKeyPublic", UNKNOWN, "the machine's ssh host key changes"),
        ("sshPublicKey", "ssh-ed25519 BBBB lab", "the user's key pair changes"),
        ("replaceTriggers", {"runtime": "crio"}, 'replaceTriggers["runtime"] changes'),
    ],
)
def test_a_change_that_would_lose_a_cluster_is_refused_with_what_is_lost_and_the_word(
    configured: Plugin, machine_inputs: dict[str, Any], key: str, value: object, said: str
) -> None:
    made = {**machine_inputs, **KEPT, "replaceTriggers": {"runtime": "docker"}}
    before = configured.create(MACHINE, "w1", machine_properties(made), preview=True)
    with pytest.raises(RefusedError) as caught:
        configured.diff(before, machine_properties(made, **{key: value}))

    message = str(caught.value)
    assert message.startswith(f"machine w1: {said}")
    assert LOST in message
    assert WORD in message


@pytest.mark.case("T8")
def test_several_changes_are_named_at_once_and_a_keys_comment_is_none(
    configured: Plugin, machine: Resource, machine_inputs: dict[str, Any]
) -> None:
    key = f"{' '.join(machine_inputs['sshPublicKey'].split()[:2])} ops@stack"
    with pytest.raises(RefusedError) as caught:
        configured.diff(
            machine, machine_properties(machine_inputs, **KEPT, sshUser="ops", network="Lab", sshPublicKey=key)
        )
    assert "key pair" not in str(caught.value)
    assert "network is 'Lab', was 'VM Network', ssh.user is 'ops', was 'lab': the machine" in str(caught.value)


@pytest.mark.case("T8")
def test_with_the_word_a_preview_warns_of_what_is_lost(
    configured: Plugin, engine: FakeEngine, machine: Resource, machine_inputs: dict[str, Any]
) -> None:
    allowed = {"holds": HOLDS, "allowReplace": True}
    answer = configured.diff(machine, machine_properties(machine_inputs, **allowed, sshUser="ops"))
    assert list(answer.replaces) == ["sshUser"]
    engine.wait_for(f"machine w1: ssh.user is 'ops', was 'lab': {LOST}")
    assert [line.severity for line in engine.lines if LOST in line.message] == ["WARNING"]


@pytest.mark.case("T8")
def test_changes_in_place_and_machines_that_hold_nothing_are_not_held_up(
    configured: Plugin, engine: FakeEngine, machine: Resource, machine_inputs: dict[str, Any]
) -> None:
    assert not configured.diff(machine, machine_properties(machine_inputs, **KEPT, memoryMiB=2048)).replaces
    worker = machine_properties(machine_inputs, sshUser="ops")
    assert list(configured.diff(machine, worker).replaces) == ["sshUser"]
    assert not [message for message in engine.messages if "is lost" in message]


@pytest.mark.case("T8")
def test_what_a_machine_holds_is_no_change_of_it(
    configured: Plugin, machine: Resource, machine_inputs: dict[str, Any]
) -> None:
    for news in (machine_inputs, {**machine_inputs, "holds": "more", "allowReplace": True}):
        assert configured.diff(machine, machine_properties(news)).changes == provider_pb2.DiffResponse.DIFF_NONE


def of_provider(plugin: Plugin, simulator: Simulator, before: dict[str, str], after: dict[str, str]) -> list[str]:
    """What the plugin refuses of another configuration of the provider, which it is then told the difference of."""
    olds, news = (wrapped(configuration(simulator, **each), "password") for each in (before, after))
    checked = plugin.call("CheckConfig", provider_pb2.CheckRequest(olds=olds, news=news))
    if not checked.failures:
        plugin.call("DiffConfig", provider_pb2.DiffRequest(olds=olds, news=checked.inputs))
    # An engine shows such a reason as it is; an error of a call it shows with the call's own words before it.
    assert {failure.property for failure in checked.failures} <= {""}
    return [failure.reason for failure in checked.failures]


@pytest.mark.case("T8")
@pytest.mark.parametrize("now", ["cp2", "", "cp2,cp3"])
def test_a_control_plane_that_is_declared_no_more_is_refused(plugin: Plugin, simulator: Simulator, now: str) -> None:
    (reason,) = of_provider(plugin, simulator, {"controlPlanes": "cp1"}, {"controlPlanes": now})
    assert re.fullmatch(r"control plane cp1: declared no more; its etcd is lost.*allowReplace: true.*", reason)


@pytest.mark.case("T8")
@pytest.mark.parametrize(
    ("before", "after", "warned"),
    [
        ({"controlPlanes": "cp1"}, {"controlPlanes": "cp2", "allowReplace": "cp2"}, True),
        ({"controlPlanes": "cp1", "allowReplace": "cp1"}, {"controlPlanes": "cp2"}, True),
        ({"controlPlanes": "cp1"}, {"controlPlanes": "cp1,cp2"}, False),
        ({"controlPlanes": "cp1"}, {"controlPlanes": "cp1", "user": "other"}, False),
        ({}, {"controlPlanes": "cp2"}, False),
    ],
)
def test_other_changes_of_the_control_planes_are_taken(
    plugin: Plugin,
    engine: FakeEngine,
    simulator: Simulator,
    before: dict[str, str],
    after: dict[str, str],
    warned: bool,
) -> None:
    assert of_provider(plugin, simulator, before, after) == []
    assert [line for line in engine.messages if "its etcd is lost" in line] == (
        ["control plane cp1: declared no more; its etcd is lost, and with it the cluster that it holds"]
        if warned
        else []
    )
