"""The resource types through the protocol, as the engine uses it."""

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_ssh_private_key, load_ssh_public_key
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import provider_pb2
from pulumi.runtime.rpc import UNKNOWN

from provider import wire
from provider.vsphere.identity import instance_uuid
from tests.plugin.command.fake_engine import FakeEngine
from tests.plugin.provider.conftest import OWNER, configuration, machine_properties, report_address_at_power_on
from tests.plugin.provider.driver import (
    IMAGE,
    KEY_PAIR,
    MACHINE,
    Plugin,
    RefusedError,
    Resource,
    UnfinishedError,
    urn,
    wrapped,
)
from tests.vsphere.fault_proxy import FaultProxy
from tests.vsphere.simulator import DATASTORE, PASSWORD, Simulator

COMPUTED = ("instanceUuid", "moid", "ipAddress", "macAddress")
NO_SPACE = "<file>[LocalDS_0] w1/w1.vmdk</file><datastore>LocalDS_0</datastore>"


def test_the_plugin_says_what_it_is(plugin: Plugin) -> None:
    assert plugin.call("GetPluginInfo", Empty()).version == "0.1.0"
    assert '"kubelab"' in plugin.call("GetSchema", provider_pb2.GetSchemaRequest()).schema


def test_a_key_pair_is_an_ed25519_pair_whose_private_half_is_secret(key_pair: Resource) -> None:
    outputs, secret = wire.decode(key_pair.state)
    private = load_ssh_private_key(outputs["privateKey"].encode(), None)
    assert private.public_key() == load_ssh_public_key(outputs["publicKey"].encode())
    assert outputs["publicKey"].startswith("ssh-ed25519 ")
    assert outputs["publicKey"].endswith(" w1")
    assert secret == {"privateKey"}


def test_a_key_pair_survives_refresh_and_a_new_comment(configured: Plugin, key_pair: Resource) -> None:
    refreshed = configured.refresh(key_pair)
    assert refreshed is not None
    assert refreshed.outputs == key_pair.outputs

    answer = configured.diff(key_pair, wrapped({"comment": "other"}))
    assert not answer.replaces
    updated = configured.update(key_pair, wrapped({"comment": "other"}))
    assert updated.outputs["privateKey"] == key_pair.outputs["privateKey"]
    assert updated.outputs["publicKey"].split()[:2] == key_pair.outputs["publicKey"].split()[:2]
    assert updated.outputs["publicKey"].endswith(" other")


def test_two_key_pairs_differ(configured: Plugin, key_pair: Resource) -> None:
    other = configured.create(KEY_PAIR, "other", wrapped({"comment": "w1"}))
    assert other.outputs["publicKey"] != key_pair.outputs["publicKey"]


def test_an_image_tells_its_disk_and_lives_until_its_last_user_leaves(
    configured: Plugin, simulator: Simulator, image: Resource
) -> None:
    assert image.outputs["diskPath"].startswith(f"[{DATASTORE}] kubelab-base-{image.outputs['sha256'][:12]}/")
    assert image.outputs["capacityKiB"] == 1024 * 1024
    second = configured.create(IMAGE, "second", image.inputs)
    assert second.outputs["diskPath"] == image.outputs["diskPath"]

    configured.delete(image)
    assert len(simulator.machines()) == 1
    assert configured.refresh(image) is None
    assert configured.refresh(second) is not None

    configured.delete(second)
    configured.delete(second)
    assert simulator.machines() == {}


def test_an_image_is_replaced_by_other_content_and_not_by_another_path(configured: Plugin, image: Resource) -> None:
    inputs = image.outputs
    moved = configured.diff(image, wrapped({**inputs, "ova": "/elsewhere.ova"}))
    other = configured.diff(image, wrapped({**inputs, "sha256": "0" * 64}))
    assert moved.changes == provider_pb2.DiffResponse.DIFF_NONE
    assert list(other.replaces) == ["sha256"]
    assert not other.deleteBeforeReplace


def test_a_machine_is_created_with_its_identity_and_address(simulator: Simulator, machine: Resource) -> None:
    assert machine.id == machine.outputs["instanceUuid"] == instance_uuid(f"{OWNER}/w1")
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
    assert previewed.outputs["instanceUuid"] == instance_uuid(f"{OWNER}/w1")
    assert previewed.outputs["memoryMiB"] == 1024
    assert {key for key, value in previewed.outputs.items() if value == UNKNOWN} == {
        "image",
        "moid",
        "ipAddress",
        "macAddress",
    }
    assert "w1" not in simulator.machines()
    assert proxy.seen == before


def test_the_preview_of_an_update_keeps_identity_and_address(
    configured: Plugin, proxy: FaultProxy, machine: Resource, machine_inputs: dict[str, Any]
) -> None:
    before = proxy.seen.copy()
    previewed = configured.update(machine, machine_properties(machine_inputs, memoryMiB=2048), preview=True)

    assert {key: previewed.outputs[key] for key in COMPUTED} == {key: machine.outputs[key] for key in COMPUTED}
    assert previewed.outputs["memoryMiB"] == 2048
    assert proxy.seen == before


def test_the_preview_of_a_power_cycle_says_so(
    configured: Plugin, engine: FakeEngine, machine: Resource, machine_inputs: dict[str, Any]
) -> None:
    configured.update(machine, machine_properties(machine_inputs, extraConfig={}), preview=True)
    assert not any("shut down" in message for message in engine.messages)
    configured.update(machine, machine_properties(machine_inputs, memoryMiB=2048), preview=True)
    engine.wait_for("machine w1 will be shut down and started again for this change")


def test_memory_changes_the_same_machine(
    configured: Plugin, simulator: Simulator, proxy: FaultProxy, machine: Resource, machine_inputs: dict[str, Any]
) -> None:
    news = machine_properties(machine_inputs, memoryMiB=2048)
    answer = configured.diff(machine, news)
    assert answer.changes == provider_pb2.DiffResponse.DIFF_SOME
    assert list(answer.diffs) == ["memoryMiB"]
    assert not answer.replaces

    updated = configured.update(machine, news)

    assert {key: updated.outputs[key] for key in COMPUTED} == {key: machine.outputs[key] for key in COMPUTED}
    assert simulator.facts("w1", "config.hardware.memoryMB")["config.hardware.memoryMB"] == 2048
    assert proxy.seen["CreateVM_Task"] == 1


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", "w9"),
        ("imageSha256", "0" * 64),
        ("datastore", "other"),
        ("network", "other"),
        ("sshUser", "other"),
        ("sshPublicKey", "ssh-ed25519 BBBB other"),
        ("hostKeyPublic", UNKNOWN),
        ("diskGiB", 2),
    ],
)
def test_what_only_another_machine_can_have_replaces_it_the_old_one_first(
    configured: Plugin, machine: Resource, machine_inputs: dict[str, Any], key: str, value: object
) -> None:
    answer = configured.diff(machine, machine_properties(machine_inputs, **{key: value}))
    assert list(answer.replaces) == [key]
    assert answer.deleteBeforeReplace
    assert answer.detailedDiff[key].kind == provider_pb2.PropertyDiff.UPDATE_REPLACE


def test_nothing_changed_is_no_change_and_neither_is_another_path_of_the_same_image(
    configured: Plugin, machine: Resource, machine_inputs: dict[str, Any]
) -> None:
    for news in (machine_properties(machine_inputs), machine_properties(machine_inputs, image=UNKNOWN)):
        assert configured.diff(machine, news).changes == provider_pb2.DiffResponse.DIFF_NONE


def test_extra_config_shows_the_changed_keys(
    configured: Plugin, simulator: Simulator, machine: Resource, machine_inputs: dict[str, Any]
) -> None:
    news = machine_properties(machine_inputs, extraConfig={"user.other": "1"})
    answer = configured.diff(machine, news)
    assert {path: diff.kind for path, diff in answer.detailedDiff.items()} == {
        'extraConfig["user.note"]': provider_pb2.PropertyDiff.DELETE,
        'extraConfig["user.other"]': provider_pb2.PropertyDiff.ADD,
    }

    configured.update(machine, news)

    extra = simulator.extra_config("w1")
    assert extra["user.other"] == "1"
    assert "user.note" not in extra


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


def test_a_refresh_of_an_untouched_machine_changes_nothing(
    configured: Plugin, machine: Resource, machine_inputs: dict[str, Any]
) -> None:
    refreshed = configured.refresh(machine)

    assert refreshed is not None
    assert refreshed.outputs == machine.outputs
    assert wire.decode(refreshed.inputs) == wire.decode(machine.inputs)
    answer = configured.diff(refreshed, machine_properties(machine_inputs))
    assert answer.changes == provider_pb2.DiffResponse.DIFF_NONE


def test_a_refresh_reports_what_somebody_changed_and_the_next_update_undoes_it(
    configured: Plugin, simulator: Simulator, machine: Resource, machine_inputs: dict[str, Any]
) -> None:
    simulator.reconfigure("w1", memoryMB=4096)
    simulator.set_extra_config("w1", user__note="changed", user__foreign="not ours")

    refreshed = configured.refresh(machine)
    assert refreshed is not None
    answer = configured.diff(refreshed, machine_properties(machine_inputs))
    assert sorted(answer.diffs) == ["extraConfig", "memoryMiB"]
    updated = configured.update(refreshed, machine_properties(machine_inputs))

    assert updated.outputs["memoryMiB"] == 1024
    extra = simulator.extra_config("w1")
    assert (extra["user.note"], extra["user.foreign"]) == ("passed through", "not ours")


def test_a_refresh_of_a_machine_that_is_gone_says_so(
    configured: Plugin, simulator: Simulator, machine: Resource
) -> None:
    simulator.power_off("w1")
    simulator.run_task(simulator.machines()["w1"].Destroy_Task())
    assert configured.refresh(machine) is None


def test_a_refresh_of_a_machine_that_is_off_has_the_next_update_start_it(
    configured: Plugin, simulator: Simulator, machine: Resource, machine_inputs: dict[str, Any]
) -> None:
    simulator.power_off("w1")
    with pytest.raises(UnfinishedError, match="machine w1 is powered off; up powers it on"):
        configured.refresh(machine)

    configured.update(machine, machine_properties(machine_inputs))
    assert simulator.facts("w1", "runtime.powerState")["runtime.powerState"] == "poweredOn"


def test_a_half_made_machine_is_kept_with_its_state_and_finished_by_an_update(
    configured: Plugin, simulator: Simulator, proxy: FaultProxy, machine_inputs: dict[str, Any]
) -> None:
    properties = machine_properties(machine_inputs)
    proxy.fault("PowerOnVM_Task", "NoDiskSpace", NO_SPACE)
    with pytest.raises(UnfinishedError) as caught:
        configured.create(MACHINE, "w1", properties)

    unfinished = caught.value
    assert unfinished.id == instance_uuid(f"{OWNER}/w1")
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
    plugin: Plugin, simulator: Simulator, ova: tuple[Path, str], changed: dict[str, Any], expected: str
) -> None:
    plugin.configure(configuration(simulator, **changed))
    inputs = {"ova": str(ova[0]), "sha256": ova[1], "datastore": DATASTORE}
    with pytest.raises(RefusedError) as caught:
        plugin.create(IMAGE, "image", wrapped(inputs))

    message = str(caught.value)
    assert expected in message
    assert "\n" not in message
    assert "Traceback" not in message + plugin.log
    assert PASSWORD not in message + plugin.log
    assert "wrong-password" not in message + plugin.log


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


def test_a_preview_with_a_password_that_is_not_known_yet_works(
    plugin: Plugin, simulator: Simulator, ova: tuple[Path, str]
) -> None:
    plugin.configure(configuration(simulator, password=UNKNOWN))
    inputs = wrapped({"ova": str(ova[0]), "sha256": ova[1], "datastore": DATASTORE})
    assert plugin.create(IMAGE, "image", inputs, preview=True).outputs["diskPath"] == UNKNOWN


def test_a_type_that_is_not_there_is_named_with_those_that_are(plugin: Plugin) -> None:
    with pytest.raises(RefusedError, match=r"kubelab:index:Floppy: unknown to kubelab .* kubelab:index:VirtualMachine"):
        plugin.check("Floppy", wrapped({}))
