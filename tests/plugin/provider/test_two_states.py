"""Two checkouts with the same project and stack name on one host: neither touches what the other made."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from provider.vsphere.identity import instance_uuid
from tests.plugin.command.fake_engine import FakeEngine
from tests.plugin.provider.conftest import OWNER, configuration, machine_properties, mark_of, report_address_at_power_on
from tests.plugin.provider.driver import IMAGE, KEY_PAIR, MACHINE, Plugin, RefusedError, Resource, wrapped
from tests.vsphere.fault_proxy import FaultProxy
from tests.vsphere.simulated_host import Ova
from tests.vsphere.simulator import DATASTORE, NETWORK, Simulator


@pytest.fixture
def other(engine: FakeEngine, simulator: Simulator, proxy: FaultProxy, tmp_path: Path) -> Iterator[Plugin]:
    """The plugin of the other checkout."""
    directory = tmp_path / "other"
    directory.mkdir()
    plugin = Plugin(engine.address, directory)
    plugin.configure(configuration(simulator, port=proxy.port))
    yield plugin
    plugin.stop()


@pytest.fixture
def other_inputs(other: Plugin, machine_inputs: dict[str, Any]) -> dict[str, Any]:
    """The same machine as the other checkout declares it, with the keys of its own state."""
    keys = other.create(KEY_PAIR, "user-key", wrapped({"comment": "lab@test"})).outputs
    made = {"sshPublicKey": keys["publicKey"], "hostKeyPublic": keys["publicKey"], "hostKeyPrivate": keys["privateKey"]}
    return {**machine_inputs, **made}


def image(plugin: Plugin, ova: Ova, state_key: str) -> Resource:
    """The image that both declare by the same name."""
    inputs = {"ova": str(ova.path), "sha256": ova.sha256, "datastore": DATASTORE, "network": NETWORK}
    return plugin.create(IMAGE, "image-of-both", wrapped({**inputs, "stateKey": state_key}))


@pytest.mark.case("T3")
@pytest.mark.usefixtures("machine")
def test_the_mark_of_a_machine_and_its_note_in_the_inventory_tell_the_state(
    simulator: Simulator, machine_inputs: dict[str, Any]
) -> None:
    mark = simulator.extra_config("w1")["kubelab.owner"]
    assert mark == mark_of("w1", machine_inputs)
    assert mark.startswith(f"{OWNER}@")
    assert mark.endswith("/w1")
    assert mark in simulator.facts("w1", "config.annotation")["config.annotation"]


@pytest.mark.case("T3")
@pytest.mark.usefixtures("machine")
def test_the_machine_of_another_state_is_refused_by_its_mark_and_left_running(
    other: Plugin, simulator: Simulator, machine_inputs: dict[str, Any], other_inputs: dict[str, Any]
) -> None:
    with pytest.raises(RefusedError, match=f"belongs to {mark_of('w1', machine_inputs)}; it was left untouched"):
        other.create(MACHINE, "w1", machine_properties(other_inputs))
    assert str(simulator.facts("w1", "runtime.powerState")["runtime.powerState"]) == "poweredOn"


@pytest.mark.case("T3")
def test_the_unfinished_machine_of_another_state_is_not_thrown_away(
    other: Plugin,
    simulator: Simulator,
    machine: Resource,
    other_inputs: dict[str, Any],
) -> None:
    simulator.set_extra_config("w1", kubelab__phase="creating")
    with pytest.raises(RefusedError, match="it was left untouched"):
        other.create(MACHINE, "w1", machine_properties(other_inputs))
    assert simulator.machines()["w1"]._moId == machine.outputs["moid"]


@pytest.mark.case("T3")
def test_destroying_one_checkouts_lab_leaves_the_others_machine_and_base_machine(
    configured: Plugin,
    other: Plugin,
    simulator: Simulator,
    proxy: FaultProxy,
    ova: Ova,
    machine_inputs: dict[str, Any],
    other_inputs: dict[str, Any],
) -> None:
    ours = image(configured, ova, machine_inputs["sshPublicKey"])
    theirs = image(other, ova, other_inputs["sshPublicKey"])
    report_address_at_power_on(simulator, proxy, "w1", "10.87.0.11")
    configured.create(MACHINE, "w1", machine_properties(machine_inputs))
    report_address_at_power_on(simulator, proxy, "w2", "10.87.0.12")
    gone = other.create(MACHINE, "w2", machine_properties(other_inputs, name="w2"))

    other.delete(gone)
    other.delete(theirs)

    assert "w1" in simulator.machines()
    assert configured.refresh(ours) is not None


@pytest.mark.case("T3")
def test_the_state_of_a_machine_made_before_states_had_an_identity_goes_on_with_it(
    configured: Plugin, simulator: Simulator, proxy: FaultProxy, machine_inputs: dict[str, Any]
) -> None:
    """Its id belongs to a mark without one; the mark stays."""
    report_address_at_power_on(simulator, proxy, "w1", "10.87.0.11")
    earlier = made_before(configured, simulator, machine_inputs)

    refreshed = configured.refresh(earlier)
    assert refreshed is not None
    assert refreshed.outputs["moid"] == earlier.outputs["moid"]
    assert configured.update(refreshed, machine_properties(machine_inputs, diskGiB=5)).outputs["diskGiB"] == 5
    configured.delete(refreshed)
    assert "w1" not in simulator.machines()


def made_before(plugin: Plugin, simulator: Simulator, inputs: dict[str, Any]) -> Resource:
    """A machine as earlier versions marked it."""
    made = plugin.create(MACHINE, "w1", machine_properties(inputs))
    legacy = instance_uuid(f"{OWNER}/w1")
    simulator.reconfigure("w1", instanceUuid=legacy)
    simulator.set_extra_config("w1", kubelab__owner=f"{OWNER}/w1")
    state = machine_properties({**made.outputs, "instanceUuid": legacy})
    return replace(made, id=legacy, state=state)
