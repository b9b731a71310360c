"""A simulated host for each test, a proxy in front of it, and an image for it: what a conftest imports."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from provider.vsphere.model import ImageSource
from tests.vsphere.fault_proxy import FaultProxy
from tests.vsphere.images.ova import build_ova
from tests.vsphere.simulator import DATASTORE, NETWORK, Simulator

PROJECT = Path(__file__).resolve().parents[2]


def binary(build_in: Path) -> Path:
    """The simulator: KUBELAB_ESXI, else the rig's, else built from rig/esxi into `build_in`."""
    named = os.environ.get("KUBELAB_ESXI")
    if named is not None:
        assert Path(named).is_file(), f"KUBELAB_ESXI={named}: no such file"
        return Path(named).resolve()
    installed = PROJECT / ".rig" / "bin" / "kubelab-esxi"
    if installed.exists():
        return installed
    go = shutil.which("go")
    assert go, f"no {installed} and no Go compiler to build it: run make rig"
    built = build_in / "kubelab-esxi"
    subprocess.run([go, "build", "-trimpath", "-o", str(built), "."], cwd=PROJECT / "rig" / "esxi", check=True)
    return built


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
    return binary(tmp_path_factory.mktemp("esxi"))


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
