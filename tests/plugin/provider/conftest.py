"""The real plugin process between a fake engine and a simulated host."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provider.vsphere.identity import marker, owner_of_state
from tests.plugin.command.fake_engine import FakeEngine
from tests.plugin.provider.driver import IMAGE, KEY_PAIR, MACHINE, Plugin, Resource, wrapped
from tests.vsphere.fault_proxy import Action, FaultProxy, Rule
from tests.vsphere.simulated_host import Ova, esxi, ova, proxy, simulator
from tests.vsphere.simulator import DATASTORE, NETWORK, PASSWORD, USER, Simulator

__all__ = ["esxi", "ova", "proxy", "simulator"]

OWNER = "kubelab/test"
# What the plugin adds to a machine's inputs.
COMPUTED = ("instanceUuid", "moid", "ipAddress", "macAddress")


@pytest.fixture
def engine() -> Iterator[FakeEngine]:
    engine = FakeEngine()
    yield engine
    engine.stop()


@pytest.fixture
def plugin(engine: FakeEngine, tmp_path: Path) -> Iterator[Plugin]:
    """A plugin that is not configured."""
    plugin = Plugin(engine.address, tmp_path)
    yield plugin
    plugin.stop()


def configuration(simulator: Simulator, **changed: Any) -> dict[str, Any]:
    """The provider's configuration; None leaves a key out."""
    settings = {
        "server": "127.0.0.1",
        "port": simulator.port,
        "user": USER,
        "password": PASSWORD,
        "tlsCaPem": simulator.certificate.pem,
        "owner": OWNER,
        **changed,
    }
    return {key: value for key, value in settings.items() if value is not None}


@pytest.fixture
def configured(plugin: Plugin, simulator: Simulator, proxy: FaultProxy) -> Plugin:
    """A plugin that reaches the simulated host through the proxy."""
    plugin.configure(configuration(simulator, port=proxy.port))
    return plugin


@pytest.fixture
def key_pair(configured: Plugin) -> Resource:
    return configured.create(KEY_PAIR, "host-key", wrapped({"comment": "w1"}))


@pytest.fixture
def image(configured: Plugin, ova: Ova) -> Resource:
    inputs = {"ova": str(ova.path), "sha256": ova.sha256, "datastore": DATASTORE, "network": NETWORK}
    return configured.create(IMAGE, "image", wrapped(inputs))


@pytest.fixture
def machine_inputs(key_pair: Resource, image: Resource) -> dict[str, Any]:
    """Plain inputs of a machine that reports its address at once."""
    return {
        "name": "w1",
        "cpus": 2,
        "memoryMiB": 1024,
        "diskGiB": 4,
        "nestedVirtualization": True,
        "image": image.outputs["diskPath"],
        "imageSha256": image.outputs["sha256"],
        "datastore": DATASTORE,
        "network": NETWORK,
        "machineNetwork": "10.87.0.0/24",
        "sshUser": "lab",
        "sshPublicKey": key_pair.outputs["publicKey"],
        "hostKeyPrivate": key_pair.outputs["privateKey"],
        "hostKeyPublic": key_pair.outputs["publicKey"],
        "extraConfig": {"user.note": "passed through"},
    }


def mark_of(name: str, inputs: dict[str, Any]) -> str:
    """The mark of the machine that has these inputs, in the state that has its user's key pair."""
    return marker(owner_of_state(OWNER, inputs["sshPublicKey"]), name)


def machine_properties(inputs: dict[str, Any], **changed: Any) -> Any:
    """The inputs as the engine sends them, secrets wrapped."""
    return wrapped({**inputs, **changed}, "hostKeyPrivate")


@pytest.fixture
def machine(configured: Plugin, simulator: Simulator, proxy: FaultProxy, machine_inputs: dict[str, Any]) -> Resource:
    """A created machine, whose guest reported 10.87.0.11 once it was on."""
    report_address_at_power_on(simulator, proxy, "w1", "10.87.0.11")
    return configured.create(MACHINE, "w1", machine_properties(machine_inputs))


def report_address_at_power_on(simulator: Simulator, proxy: FaultProxy, name: str, address: str) -> None:
    """The simulated guest has an address as soon as its machine is on; nothing of it is in the machine's inputs."""
    rule = Rule(
        "PowerOnVM_Task",
        Action.CALL_AFTER,
        call=lambda: simulator.set_extra_config(name, SET__guest__ipAddress=address),
    )
    proxy.add(rule)
