"""A place of another kind: what the driver does, it does through the protocol alone."""

from dataclasses import replace
from typing import Any

import pytest

from provider.vsphere.api.sdk import vim
from provider.vsphere.api.session import Session
from provider.vsphere.cancel import CancelToken
from provider.vsphere.desired import DesiredMachine
from provider.vsphere.errors import GoneError
from provider.vsphere.making.promises import Promise
from provider.vsphere.place import Cloning, Datastore, Network, Place, Turns, UploadTarget
from tests.vsphere.conftest import OWNER, Driver
from tests.vsphere.fault_proxy import FaultProxy
from tests.vsphere.simulated_host import Ova
from tests.vsphere.simulator import DATASTORE, NETWORK, Simulator

ROOT = "/ha-datacenter"


class PlaceByPaths:
    """Everything is named by its inventory path, as in a place of several datacenters; uploads go to `upload_port`."""

    def __init__(self, session: Session, upload_port: int) -> None:
        self.session = session
        self.turns = Turns()
        self._upload_port = upload_port

    @property
    def identity(self) -> str:
        return "elsewhere"

    @property
    def datacenter(self) -> Any:
        return self._at(ROOT)

    @property
    def folder(self) -> Any:
        return self._at(f"{ROOT}/vm")

    @property
    def pool(self) -> Any:
        return self._computer.resourcePool

    @property
    def host(self) -> Any | None:
        return self._computer.host[0]

    @property
    def any_host(self) -> Any | None:
        return None

    @property
    def cloning(self) -> Cloning | None:
        return None

    def image_scope(self, datastore: str) -> str:
        return datastore

    def template(self, name: str) -> Any:
        raise GoneError(f"{name}: not found")

    @property
    def offers_nested_virtualization(self) -> bool:
        return True

    def datastore(self, name: str, _promise: Promise | None = None) -> Datastore:
        return Datastore(self._at(name), name.rpartition("/")[2])

    def datastores(self, name: str) -> tuple[Datastore, ...]:
        return (self.datastore(name),)

    def network(self, name: str) -> Network:
        backing = vim.vm.device.VirtualEthernetCard.NetworkBackingInfo(deviceName=name.rpartition("/")[2])
        return Network(self._at(name), backing)

    def network_named(self, of_card: str) -> str:
        return of_card

    @property
    def hosts(self) -> tuple[Any, ...]:
        return ()

    @property
    def hardware_versions(self) -> tuple[int, ...]:
        return ()

    def upload_target(self, device: Any) -> UploadTarget:
        path = device.url.partition("://")[2].partition("/")[2]
        return UploadTarget("127.0.0.1", self._upload_port, f"/{path}", self.session.ssl_context)

    @property
    def _computer(self) -> Any:
        return self._at(f"{ROOT}/host").childEntity[0]

    def _at(self, path: str) -> Any:
        found = self.session.read("test", self.session.content.searchIndex.FindByInventoryPath, path)
        if found is None:
            raise GoneError(f"{path}: not found")
        return found


@pytest.fixture
def elsewhere(simulator: Simulator, proxy: FaultProxy, ova: Ova) -> Driver:
    cancel = CancelToken()
    session = Session(simulator.endpoint(), cancel, lambda _doing, _about: None)
    place: Place = PlaceByPaths(session, proxy.port)
    return Driver(place, cancel, ova)


def test_a_machine_lives_and_ends_in_a_place_that_goes_by_inventory_paths(
    simulator: Simulator, proxy: FaultProxy, elsewhere: Driver, w1: DesiredMachine
) -> None:
    datastore, network = f"{ROOT}/datastore/{DATASTORE}", f"{ROOT}/network/{NETWORK}"
    source = replace(elsewhere.ova.source, datastore=datastore, network=network)
    there = replace(w1, datastore=datastore, network=network)

    elsewhere.images.acquire(source, "user")
    state = elsewhere.machines.create(there, f"{OWNER}/w1", 30)

    assert state.address == "10.87.0.11"
    assert proxy.seen["PUT nfc"] + proxy.seen["POST nfc"] == 1, "the disk went where the place said"
    assert simulator.facts("w1", "runtime.host")["runtime.host"] == elsewhere.place.host
    elsewhere.destroy(there)
    elsewhere.images.release(source.sha256, datastore, "user")
    assert simulator.machines() == {}
    assert simulator.folders() == set()
    elsewhere.place.session.close()
