"""A simulated host for each test, a proxy in front of it, and an image for it: what a conftest imports."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from provider.vsphere.model import ImageSource
from tests.vsphere import simulator as simulators
from tests.vsphere.fault_proxy import FaultProxy
from tests.vsphere.images.ova import build_ova
from tests.vsphere.simulator import DATASTORE, NETWORK, Simulator


@dataclass(frozen=True, slots=True)
class Ova:
    """An OVA file and its SHA-256."""

    path: Path
    sha256: str

    @property
    def source(self) -> ImageSource:
        return ImageSource(str(self.path), self.sha256, DATASTORE, NETWORK)


@pytest.fixture(scope="session")
def esxi(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulators.binary(tmp_path_factory.mktemp("esxi"))


@pytest.fixture(scope="session")
def ova(tmp_path_factory: pytest.TempPathFactory) -> Ova:
    path = tmp_path_factory.mktemp("image") / "node.ova"
    return Ova(path, build_ova(path))


@pytest.fixture
def simulator(esxi: Path, tmp_path: Path) -> Iterator[Simulator]:
    simulator = Simulator(esxi, tmp_path / "esxi")
    yield simulator
    simulator.stop()


@pytest.fixture
def proxy(simulator: Simulator) -> Iterator[FaultProxy]:
    certificate = simulator.certificate
    proxy = FaultProxy(simulator.port, certificate.cert, certificate.key, simulator.ssl_context)
    yield proxy
    proxy.stop()
