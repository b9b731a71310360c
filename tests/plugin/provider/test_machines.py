"""A machine through the protocol, as the engine uses it: checked, made, finished, deleted."""

from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2
from pulumi.runtime.rpc import UNKNOWN

from provider import wire
from provider.vsphere.identity import instance_uuid
from tests.plugin.command.fake_engine import FakeEngine
from tests.plugin.provider.conftest import machine_properties, mark_of, report_address_at_power_on
from tests.plugin.provider.driver import (
    MACHINE,
    Plugin,
    RefusedError,
    Resource,
    UnfinishedError,
    urn,
    wrapped,
)
from tests.vsphere.fault_proxy import FaultProxy
from tests.vsphere.simulator import Simulator

NO_SPACE = "<file>[LocalDS_0] w1/w1.vmdk</file><datastore>LocalDS_0</datastore>"


def test_a_machine_is_created_with_its_identity_and_address(
    simulator: Simulator, machine: Resource, machine_inputs: dict[str, Any]
) -> None:
    assert machine.id == machine.outputs["instanceUuid"] == instance_uuid(mark_of("w1", machine_inputs))
    assert machine.outputs["ipAddress"] == "10.87.0.11"
    assert machine.outputs["moid"] == simulator.machines()["w1"]._moId
    assert machine.outputs["cpus"] == 2
    assert wire.decode(machine.state)[1] == {"hostKeyPrivate"}


def test_progress_is_shown_beside_the_resource(engine: FakeEngine, machine: Resource) -> None:
    shown = [line for line in engine.lines if line.urn == urn(MACHINE, machine.name)]
    assert {"copying the image's disk", "powering on", "waiting for an address"} <= {line.message for line in shown}
    assert all(line.ephemeral for line in shown)


def test_a_preview_makes_nothing_and_knows_the_inputs_and_the_identity(
    plugin: Plugin, simulator: Simulator, proxy: FaultProxy, machine_inputs: dict[str, Any]
) -> None:
    before = proxy.seen.copy()
    unknown_image = machine_properties(machine_inputs, image=UNKNOWN)
    previewed = plugin.create(MACHINE, "w1", unknown_image, preview=True)

    assert previewed.id == ""
    assert previewed.outputs["instanceUuid"] == instance_uuid(mark_of("w1", machine_inputs))
    assert previewed.outputs["memoryMiB"] == 1024
    assert {key for key, value in previewed.outputs.items() if value == UNKNOWN} == {
        "image",
        "moid",
        "ipAddress",
        "macAddress",
    }
    assert "w1" not in simulator.machines()
    ends_of_earlier_waits = {"WaitForUpdatesEx", "DestroyPropertyCollector", "DestroyView"}
    assert (proxy.seen - before).keys() <= ends_of_earlier_waits


def test_a_half_made_machine_is_kept_with_its_state_and_finished_by_an_update(
    configured: Plugin, simulator: Simulator, proxy: FaultProxy, machine_inputs: dict[str, Any]
) -> None:
    properties = machine_properties(machine_inputs)
    proxy.fault("PowerOnVM_Task", "NoDiskSpace", NO_SPACE)
    with pytest.raises(UnfinishedError) as caught:
        configured.create(MACHINE, "w1", properties)

    unfinished = caught.value
    assert unfinished.id == instance_uuid(mark_of("w1", machine_inputs))
    assert "no space left on datastore LocalDS_0" in unfinished.reasons[0]
    outputs, secret = wire.decode(unfinished.state)
    assert outputs["moid"] == simulator.machines()["w1"]._moId
    assert secret == wire.decode(unfinished.inputs)[1] == {"hostKeyPrivate"}

    kept = Resource(MACHINE, "w1", unfinished.id, unfinished.inputs, unfinished.state)
    report_address_at_power_on(simulator, proxy, "w1", "10.87.0.12")
    finished = configured.update(kept, properties)
    assert finished.outputs["ipAddress"] == "10.87.0.12"
    assert proxy.seen["CreateVM_Task"] == 1


def test_the_users_timeout_bounds_the_wait_for_an_address(configured: Plugin, machine_inputs: dict[str, Any]) -> None:
    with pytest.raises(UnfinishedError, match=r"waiting for an address of w1 in 10\.87\.0\.0/24: not done after 2 s"):
        configured.create(MACHINE, "w1", machine_properties(machine_inputs), seconds=2)


def test_a_deleted_machine_is_gone_and_deleting_again_is_fine(
    configured: Plugin, simulator: Simulator, machine: Resource, image: Resource
) -> None:
    configured.delete(machine)
    configured.delete(machine)
    configured.delete(image)
    assert simulator.machines() == {}
    assert simulator.folders() == set()


def test_a_machine_without_our_mark_is_not_deleted(configured: Plugin, simulator: Simulator, machine: Resource) -> None:
    simulator.set_extra_config("w1", kubelab__owner="")
    with pytest.raises(RefusedError, match="it was left untouched"):
        configured.delete(machine)
    assert "w1" in simulator.machines()


def test_a_machine_of_ours_is_read_by_name_or_by_uuid_for_an_import(configured: Plugin, machine: Resource) -> None:
    for given in ("w1", machine.id):
        answer = configured.call("Read", provider_pb2.ReadRequest(id=given, urn=urn(MACHINE, "w1"), name="w1"))
        assert answer.id == machine.id
        assert wire.decode(answer.inputs)[0]["memoryMiB"] == 1024


def test_all_faults_of_a_machines_inputs_are_reported_at_once(configured: Plugin) -> None:
    bad = {
        "name": "Not_A_Name",
        "cpus": 0,
        "memoryMiB": 1023,
        "diskGiB": 1.5,
        "nestedVirtualization": "yes",
        "machineNetwork": "10.87.0.1/24",
        "hostKeyPrivate": 7,
        "extraConfig": {"kubelab.owner": "me"},
        "replaceTriggers": {"runtime": 7},
        "colour": "red",
    }
    _, failures = configured.check(MACHINE, machine_properties(bad))
    missing = {"image", "imageSha256", "datastore", "network", "sshUser", "sshPublicKey", "hostKeyPublic"}
    assert set(failures) == set(bad) | missing
    assert failures["cpus"] == "found 0, wanted a whole number from 1 to 768"
    assert "7" not in failures["hostKeyPrivate"]


def test_inputs_that_are_not_known_yet_pass(configured: Plugin, machine_inputs: dict[str, Any]) -> None:
    unknown = dict.fromkeys(machine_inputs, UNKNOWN)
    inputs, failures = configured.check(MACHINE, wrapped(unknown, "hostKeyPrivate"))
    assert not failures
    assert wire.decode(inputs) == (unknown, frozenset({"hostKeyPrivate"}))
