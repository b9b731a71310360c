"""What a host is asked for before the plugin changes anything."""

import json
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from tests.plugin.command.fake_engine import FakeEngine
from tests.plugin.provider.conftest import OWNER, configuration, machine_properties
from tests.plugin.provider.driver import IMAGE, MACHINE, Plugin, RefusedError, Resource, wrapped
from tests.vsphere.fault_proxy import FaultProxy
from tests.vsphere.shown import show, text
from tests.vsphere.simulated_host import Ova
from tests.vsphere.simulator import DATASTORE, NETWORK, Simulator

WANTED = [{"name": "w1", "diskGiB": 4, "memoryMiB": 1024, "datastore": DATASTORE, "network": NETWORK}]


def image_inputs(ova: Ova) -> Any:
    return wrapped({"ova": str(ova.path), "sha256": ova.sha256, "datastore": DATASTORE, "network": NETWORK})


@pytest.mark.case("V11")
def test_all_that_keeps_a_run_from_its_end_is_told_before_an_image_is_sent(
    plugin: Plugin, simulator: Simulator, proxy: FaultProxy, ova: Ova
) -> None:
    simulator.run_task(simulator.place.hosts[0].EnterMaintenanceMode_Task(0, False, None))
    simulator.create_foreign("w1")
    before = set(simulator.machines())
    plugin.configure(configuration(simulator, port=proxy.port, machines=json.dumps(WANTED)))

    with pytest.raises(RefusedError) as caught:
        plugin.create(IMAGE, "image", image_inputs(ova))

    message = str(caught.value)
    assert "before anything is changed on 127.0.0.1" in message
    assert "(2 findings) the host is in maintenance mode" in message
    assert "; and machine w1: " in message
    assert not proxy.seen["ImportVApp"] + proxy.seen["CreateImportSpec"]
    assert set(simulator.machines()) == before


@pytest.mark.case("V11")
def test_a_machine_is_not_touched_by_a_run_that_cannot_end(
    engine: FakeEngine, tmp_path_factory: pytest.TempPathFactory, simulator: Simulator, machine: Resource
) -> None:
    simulator.run_task(simulator.place.hosts[0].EnterMaintenanceMode_Task(0, False, None))
    another = Plugin(engine.address, tmp_path_factory.mktemp("another"))
    try:
        another.configure(configuration(simulator, machines=json.dumps(WANTED)))
        with pytest.raises(RefusedError, match="the host is in maintenance mode"):
            another.update(machine, machine_properties(dict(machine.outputs), memoryMiB=2048))
        another.delete(machine)
    finally:
        another.stop()
    assert "w1" not in simulator.machines(), "what is deleted is not kept for it"


@pytest.mark.case("V11")
def test_what_hinders_nothing_is_a_warning_that_is_shown_once(
    plugin: Plugin, engine: FakeEngine, simulator: Simulator, proxy: FaultProxy, ova: Ova
) -> None:
    show(proxy, "HostSystem", "summary.managementServerIp", text("10.0.0.9"))
    plugin.configure(configuration(simulator, port=proxy.port, machines=json.dumps(WANTED)))
    for name in ("image", "second"):
        plugin.create(IMAGE, name, image_inputs(ova))
    warnings = [line.message for line in engine.lines if line.severity == "WARNING"]
    assert len(warnings) == 1
    assert "managed by the vCenter at 10.0.0.9" in warnings[0]


def test_a_preview_asks_no_host(plugin: Plugin, simulator: Simulator, proxy: FaultProxy, ova: Ova) -> None:
    plugin.configure(configuration(simulator, port=proxy.port, machines=json.dumps(WANTED)))
    plugin.create(IMAGE, "image", image_inputs(ova), preview=True)
    assert not proxy.seen


@pytest.mark.parametrize("machines", ["{", "[1]", '[{"name": "w1"}]'])
def test_a_list_of_machines_that_is_none_is_refused(plugin: Plugin, simulator: Simulator, machines: str) -> None:
    news = wrapped(configuration(simulator, machines=machines), "password")
    (failure,) = plugin.call("CheckConfig", provider_pb2.CheckRequest(news=news)).failures
    assert failure.property == "machines"


def test_machines_of_another_owner_are_not_taken_for_ours(
    plugin: Plugin, simulator: Simulator, machine: Resource, ova: Ova
) -> None:
    assert machine.kind == MACHINE
    plugin.configure(configuration(simulator, machines=json.dumps(WANTED), owner=f"{OWNER}-two"))
    with pytest.raises(RefusedError, match=rf"machine w1: .* belongs to {OWNER}@\w+/w1; it is left as it is; rename"):
        plugin.create(IMAGE, "image", image_inputs(ova))
