"""A record from outside of kubelab: found by being there, and applied in the graph."""

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from components import guest_systems, pod_networks, runtimes
from components.guest_systems import GUEST_SYSTEMS
from components.pod_networks import POD_NETWORKS
from components.runtimes import RUNTIMES
from config import LabConfig, PodNetworkConfig
from tests.graph.conftest import loaded, registered, shipped
from tests.graph.recording import Graph
from tests.graph.test_order import commands, script_of, step, verification
from tests.graph.test_steps import given

Add = Callable[[ModuleType, str, str], None]

POD_NETWORK = """
from components.pod_network import PodNetwork, PodNetworkRelease, manifest_inputs
from components.release import Download
from components.traces import Traces

MANIFEST = Download("7.1.0", "pretended.test/network.yaml", ("f" * 64,))
RELEASE = PodNetworkRelease(MANIFEST, ("pretended.test/cni:7.1.0",))
POD_NETWORK = PodNetwork(
    name="pretended",
    releases={RELEASE.version: RELEASE},
    inputs=lambda release, settings, mirrors: manifest_inputs(release, f"subnet {settings.pod_subnet}", mirrors),
    workloads=("pretended-system daemonset/agent",),
    look_at="the pretended tunnel",
    traces=Traces(link=("pretended0",)),
)
"""
GUEST_SYSTEM = """
from components.apt import Repository
from components.guest_system import GuestSystem
from components.traces import Traces

GUEST_SYSTEM = GuestSystem(
    name="pretended-1",
    id="pretended",
    version_id="1.0",
    codename="pretty",
    archive=lambda mirrors: Repository("own", "https://mirror.test/own", "pretty", "main", "https://k", "-", True),
    packages=("conntrack-tools",),
    traces=Traces(package=("their-docker",)),
    is_default=True,
)
"""
RUNTIME = """
from dataclasses import replace
from components.runtimes.containerd import RUNTIME as CONTAINERD

RUNTIME = replace(CONTAINERD, name="fourth", cri_socket="unix:///run/fourth.sock", versions=("4.0.0",))
"""


@pytest.fixture
def add(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Add]:
    """Adds a module to a package from a folder outside of it; nothing of it is left in the process."""
    known = set(sys.modules)

    def added(package: ModuleType, name: str, text: str) -> None:
        folder = tmp_path / package.__name__
        folder.mkdir()
        (folder / f"{name}.py").write_text(text)
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(folder)])

    yield added
    for module in [
        name for name, found in sys.modules.items() if str(tmp_path) in (getattr(found, "__file__", "") or "")
    ]:
        assert module not in known
        package, _, name = module.rpartition(".")
        del sys.modules[module]
        delattr(sys.modules[package], name)


@pytest.fixture
def lab(site_file: Path) -> LabConfig:
    """The mixed stack."""
    return loaded("mixed", shipped("mixed"), site_file)


def given_everywhere(graph: Graph, file: str, config: LabConfig, name: str) -> Mapping[str, str]:
    """One input of a step, of every node."""
    return {node.name: given(step(graph, file, node.name), name) for node in config.nodes}


def test_a_pod_network_from_outside_is_applied(add: Add, lab: LabConfig) -> None:
    add(pod_networks, "pretended", POD_NETWORK)
    graph = registered(replace(lab, cluster=replace(lab.cluster, pod_network=PodNetworkConfig("pretended", "7.1.0"))))
    applied = step(graph, "45-apply-pod-network.sh", "network")
    assert given(applied, "MANIFEST_URL") == "https://mirror.test/files/pretended.test/network.yaml"
    assert given(applied, "KUSTOMIZATION") == f"subnet {lab.cluster.pod_subnet}"
    assert given(verification(graph), "POD_NETWORK_WORKLOADS") == "pretended-system daemonset/agent"
    assert given(verification(graph), "POD_NETWORK_LOOK_AT") == "the pretended tunnel"
    for node in lab.nodes:
        installed = step(graph, RUNTIMES[node.runtime].script, node.name)
        assert "pretended.test/cni:7.1.0" in given(installed, "IMAGES").split()
        assert "link pretended0" in given(step(graph, "00-preflight.sh", node.name), "TRACES").splitlines()


def test_a_guest_system_from_outside_is_applied(add: Add, lab: LabConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guest_systems, "__path__", [])
    add(guest_systems, "pretended", GUEST_SYSTEM)
    graph = registered(lab)
    names = [node.name for node in lab.nodes]
    assert given_everywhere(graph, "00-preflight.sh", lab, "GUEST_SYSTEM") == dict.fromkeys(names, "pretended 1.0")
    assert set(given_everywhere(graph, "30-install-kubernetes.sh", lab, "SYSTEM_PACKAGES").values()) == {
        "conntrack-tools"
    }
    for node in lab.nodes:
        assert "URIs: https://mirror.test/own\nSuites: pretty\n" in given(
            step(graph, "10-prepare-os.sh", node.name), "FILES"
        )
        assert "package their-docker" in given(step(graph, "00-preflight.sh", node.name), "TRACES").splitlines()


def test_a_runtime_from_outside_is_installed(add: Add, lab: LabConfig) -> None:
    add(runtimes, "fourth", RUNTIME)
    nodes = tuple(replace(node, runtime="fourth") if node.name == "w1" else node for node in lab.nodes)
    versions = {**lab.cluster.runtime_versions, "containerd": "4.0.0"}
    graph = registered(replace(lab, nodes=nodes, cluster=replace(lab.cluster, runtime_versions=versions)))
    installed = next(command for command in commands(graph) if command.name == "w1-install-fourth")
    assert script_of(installed) == RUNTIMES["containerd"].script
    assert given(installed, "CRI_SOCKET") == "unix:///run/fourth.sock"
    assert "criSocket: unix:///run/fourth.sock" in given(step(graph, "60-join-worker.sh", "w1"), "KUBEADM_CONFIG")
    assert "unix:///run/fourth.sock" in given(step(graph, "80-inspect-node.sh", "w2"), "SOCKETS").split()


def test_nothing_of_a_record_from_outside_is_left() -> None:
    assert "pretended" not in POD_NETWORKS
    assert "fourth" not in RUNTIMES
    assert all(system.id != "pretended" for system in GUEST_SYSTEMS.values())
    assert not [name for name in sys.modules if name.rpartition(".")[2] in ("pretended", "fourth")]
