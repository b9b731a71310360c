"""A record from outside of kubelab: found by being there, and applied in the graph."""

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from components import guest_systems, pod_networks, runtimes
from components.guest_systems import GUEST_SYSTEMS
from components.pod_networks import POD_NETWORKS
from components.records.discovery import default
from components.runtimes import RUNTIMES
from config import ConfigError, LabConfig, PodNetworkConfig
from config.load import load_file
from tests.graph.conftest import PASSWORD, loaded, registered, shipped
from tests.graph.recording import Graph
from tests.graph.test_order import commands, script_of, step, verification
from tests.graph.test_steps import given

Add = Callable[[ModuleType, str, str], None]
Write = Callable[..., Path]

POD_NETWORK = """
from components.records.pod_network import PodNetwork, PodNetworkRelease, manifest_inputs
from components.records.release import Download
from components.records.traces import Traces

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
from components.records.guest_system import GuestSystem
from components.records.traces import Traces

GUEST_SYSTEM = GuestSystem(
    name="pretended-1",
    id="pretended",
    version_id="1.0",
    codename="pretty",
    archive=lambda mirrors: Repository("own", "https://mirror.test/own", "pretty", "main", "https://k", "-", True),
    programs={"curl": "curl"},
    packages=("conntrack-tools",),
    traces=Traces(package=("their-docker",)),
)
"""
RUNTIME = """
from dataclasses import replace
from components.runtimes.containerd import RUNTIME as CONTAINERD

RUNTIME = replace(
    CONTAINERD,
    name="fourth",
    cri_socket="unix:///run/fourth.sock",
    versions=("4.1.0", "4.0.0"),
    series=lambda release: (),
    is_default=False,
)
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


@pytest.fixture
def write(tmp_path: Path, site_file: Path) -> Write:
    """Writes a stack file: the mixed stack with another runtime of w1 and changes of the cluster by keyword."""

    def written(runtime: str = "docker", **cluster: object) -> Path:
        declared: dict[str, Any] = {**shipped("mixed"), "site": str(site_file)}
        declared["cluster"] |= cluster
        declared["nodes"]["w1"]["runtime"] = runtime
        file = tmp_path / "Pulumi.mixed.yaml"
        file.write_text(yaml.safe_dump({"config": {f"kubelab:{key}": value for key, value in declared.items()}}))
        return file

    return written


def on_another_image(file: Path, system: str) -> Path:
    """The stack file, w1 of it with an image of another system."""
    declared = yaml.safe_load(file.read_text())
    image = {"ova": "another.ova", "sha256": "b" * 64, "system": system}
    declared["config"]["kubelab:nodes"]["w1"]["image"] = image
    file.write_text(yaml.safe_dump(declared))
    return file


def read(file: Path) -> LabConfig:
    """The lab of a stack file."""
    return load_file(file, {"KUBELAB_VSPHERE_PASSWORD": PASSWORD})


def faults(file: Path) -> list[str]:
    """What is wrong with a stack file."""
    with pytest.raises(ConfigError) as raised:
        read(file)
    return [f"{problem.path}: {problem.text}" for problem in raised.value.problems]


def given_everywhere(graph: Graph, file: str, config: LabConfig, name: str) -> Mapping[str, str]:
    """One input of a step, of every node."""
    return {node.name: given(step(graph, file, node.name), name) for node in config.nodes}


def test_a_pod_network_from_outside_is_written_in_a_stack_file_and_applied(add: Add, write: Write) -> None:
    add(pod_networks, "pretended", POD_NETWORK)
    lab = read(write(podNetwork={"plugin": "pretended"}))
    assert lab.cluster.pod_network == PodNetworkConfig("pretended", "7.1.0")
    graph = registered(lab)
    applied = step(graph, "45-apply-pod-network.sh", "network")
    assert given(applied, "MANIFEST_URL") == "https://mirror.test/files/pretended.test/network.yaml"
    assert given(applied, "KUSTOMIZATION") == f"subnet {lab.cluster.pod_subnet}"
    assert given(verification(graph), "POD_NETWORK_WORKLOADS") == "pretended-system daemonset/agent"
    assert given(verification(graph), "POD_NETWORK_LOOK_AT") == "the pretended tunnel"
    for node in lab.nodes:
        installed = step(graph, RUNTIMES[node.runtime].script, node.name)
        assert "pretended.test/cni:7.1.0" in given(installed, "IMAGES").split()
        assert "link pretended0" in given(step(graph, "00-preflight.sh", node.name), "TRACES").splitlines()


@pytest.mark.case("C2")
def test_a_pod_network_has_the_settings_that_its_own_record_knows(add: Add, write: Write) -> None:
    add(pod_networks, "pretended", POD_NETWORK)
    assert faults(write(podNetwork={"plugin": "pretended", "backend": "vxlan"})) == [
        "kubelab:cluster/podNetwork/backend: found 'vxlan', pretended has no choice of backends; leave it out"
    ]
    assert faults(write(podNetwork={"plugin": "pretended", "port": 8472, "mtu": 1400})) == [
        "kubelab:cluster/podNetwork/port: found the number 8472, pretended has no port; leave it out",
        "kubelab:cluster/podNetwork/mtu: found the number 1400, pretended has no mtu; leave it out",
    ]


@pytest.mark.case("C2", "C13")
def test_another_port_of_the_tunnels_reaches_every_step_that_speaks_of_it(write: Write) -> None:
    lab = read(write(podNetwork={"port": 4789, "mtu": 1400}))
    graph = registered(lab)
    assert "4789" in given(step(graph, "45-apply-pod-network.sh", "network"), "KUSTOMIZATION")
    assert given(verification(graph), "POD_NETWORK_LOOK_AT").startswith("UDP port 4789 between the nodes")
    assert given(verification(graph), "POD_NETWORK") == "flannel (vxlan, UDP port 4789, MTU 1400)"
    for node in lab.nodes:
        assert "4789/udp flannel" in given(step(graph, "00-preflight.sh", node.name), "FIREWALL_PORTS").splitlines()


def test_a_version_is_looked_for_among_those_of_its_own_pod_network(add: Add, write: Write) -> None:
    add(pod_networks, "pretended", POD_NETWORK)
    assert read(write(podNetwork={"plugin": "pretended", "version": "7.1.0"})).cluster.pod_network.version == "7.1.0"
    (known,) = POD_NETWORKS["flannel"].releases
    path = "kubelab:cluster/podNetwork"
    assert faults(write(podNetwork={"plugin": "pretended", "version": known})) == [
        f"{path}/version: found {known!r}, known: 7.1.0"
    ]
    assert faults(write(podNetwork={"version": "7.1.0"})) == [f"{path}/version: found '7.1.0', known: {known}"]
    assert faults(write(podNetwork={"plugin": "pretense", "version": "7.1.0"})) == [
        f"{path}/plugin: found 'pretense', allowed: flannel, pretended (did you mean pretended?)"
    ]


def test_a_guest_system_from_outside_is_written_in_a_stack_file_and_applied(add: Add, write: Write) -> None:
    add(guest_systems, "pretended", GUEST_SYSTEM)
    lab = read(on_another_image(write(), "pretended-1"))
    graph = registered(lab)
    systems = dict(given_everywhere(graph, "00-preflight.sh", lab, "GUEST_SYSTEM"))
    assert systems.pop("w1") == "pretended 1.0"
    assert set(systems.values()) == {default(GUEST_SYSTEMS).identification}
    assert given(step(graph, "30-install-kubernetes.sh", "w1"), "SYSTEM_PACKAGES") == "conntrack-tools"
    assert given(step(graph, "10-prepare-os.sh", "w1"), "PROGRAMS") == "curl curl"
    sources = given(step(graph, "10-prepare-os.sh", "w1"), "FILES")
    assert "URIs: https://mirror.test/own\nSuites: pretty\n" in sources
    assert "Suites: pretty\nComponents: stable\n" in sources
    for node in lab.nodes:
        preflight = step(graph, "00-preflight.sh", node.name)
        assert "package their-docker" in given(preflight, "TRACES").splitlines()
        assert "pretended 1.0 pretended-1" in given(preflight, "KNOWN_SYSTEMS").splitlines()


def test_the_word_of_a_guest_system_from_outside_is_allowed(add: Add, write: Write) -> None:
    add(guest_systems, "pretended", GUEST_SYSTEM)
    (fault,) = faults(on_another_image(write(), "pretence-1"))
    assert fault.startswith("kubelab:nodes/w1/image/system: found 'pretence-1', allowed: debian-12, ")
    assert fault.endswith("(did you mean pretended-1?)")


def test_a_runtime_from_outside_is_written_in_a_stack_file_and_installed(add: Add, write: Write) -> None:
    add(runtimes, "fourth", RUNTIME)
    assert {node.name: node.runtime_version for node in read(write("fourth")).nodes}["w1"] == "4.1.0"
    lab = read(write("fourth", runtimeVersions={"fourth": "4.0.0"}))
    assert {node.name: node.runtime_version for node in lab.nodes}["w1"] == "4.0.0"
    graph = registered(lab)
    installed = next(command for command in commands(graph) if command.name == "w1-install-fourth")
    assert script_of(installed) == RUNTIMES["containerd"].script
    assert given(installed, "CRI_SOCKET") == "unix:///run/fourth.sock"
    assert 'criSocket: "unix:///run/fourth.sock"' in given(step(graph, "60-join-worker.sh", "w1"), "KUBEADM_CONFIG")
    assert "unix:///run/fourth.sock" in given(step(graph, "80-inspect-node.sh", "w2"), "SOCKETS").split()


def test_the_words_of_a_runtime_from_outside_are_allowed_and_its_versions_known(add: Add, write: Write) -> None:
    add(runtimes, "fourth", RUNTIME)
    words = "containerd, crio, docker, fourth"
    assert faults(write("forth")) == [
        f"kubelab:nodes/w1/runtime: found 'forth', allowed: {words} (did you mean fourth?)"
    ]
    assert faults(write("fourth", runtimeVersions={"fourth": "3.0.0"})) == [
        "kubelab:cluster/runtimeVersions/fourth: found '3.0.0', known: 4.1.0, 4.0.0"
    ]


def test_nothing_of_a_record_from_outside_is_left() -> None:
    assert "pretended" not in POD_NETWORKS
    assert "fourth" not in RUNTIMES
    assert "pretended-1" not in GUEST_SYSTEMS
    assert all(system.id != "pretended" for system in GUEST_SYSTEMS.values())
    assert not [name for name in sys.modules if name.rpartition(".")[2] in ("pretended", "fourth")]
