"""Changes of a machine: what a diff and a preview say of them, and what an update does."""

from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2
from pulumi.runtime.rpc import UNKNOWN

from provider import wire
from tests.plugin.command.fake_engine import FakeEngine
from tests.plugin.provider.conftest import COMPUTED, machine_properties
from tests.plugin.provider.driver import (
    Plugin,
    Resource,
    UnfinishedError,
)
from tests.vsphere.fault_proxy import FaultProxy
from tests.vsphere.simulator import Simulator


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


def test_that_a_machine_lacks_what_it_may_lack_is_no_drift_and_its_other_word_is_an_update(
    configured: Plugin, simulator: Simulator, machine: Resource, machine_inputs: dict[str, Any]
) -> None:
    optional = machine_properties(machine_inputs, mayLackNestedVirtualization=True)
    updated = configured.update(machine, optional)
    simulator.reconfigure("w1", nestedHVEnabled=False)

    refreshed = configured.refresh(updated)
    assert refreshed is not None
    assert refreshed.outputs["nestedVirtualization"] is True
    assert configured.diff(refreshed, optional).changes == provider_pb2.DiffResponse.DIFF_NONE
    required = machine_properties(machine_inputs)
    assert list(configured.diff(refreshed, required).diffs) == ["mayLackNestedVirtualization"]
    configured.update(refreshed, required)
    assert simulator.facts("w1", "config.nestedHVEnabled")["config.nestedHVEnabled"] is True


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


@pytest.mark.case("V11")
def test_a_suspended_machine_is_resumed_by_the_next_up(
    configured: Plugin, simulator: Simulator, machine: Resource
) -> None:
    simulator.run_task(simulator.machines()["w1"].SuspendVM_Task())
    with pytest.raises(UnfinishedError, match="machine w1 is suspended; up resumes it"):
        configured.refresh(machine)
    assert configured.update(machine, machine.inputs).outputs["ipAddress"] == "10.87.0.11"
    assert simulator.facts("w1", "runtime.powerState")["runtime.powerState"] == "poweredOn"
