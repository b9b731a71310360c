"""What each node's steps are given: versions, sockets, images, authorities, facts."""

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from components.runtimes import RUNTIMES
from components.steps.node.traces import all_traces
from config import LabConfig, NestedVirtualization, versions
from tests.graph.conftest import address_of, facts_of, loaded, registered, shipped
from tests.graph.recording import Graph
from tests.graph.test_order import step, verification
from tests.graph.test_steps import given, install_step

INSTALLED = re.compile(r"^([A-Z_]*VERSION)=(.*)$", re.MULTILINE)


def test_every_node_gets_kubelet_and_kubeadm_in_one_exact_version(graph: Graph, config: LabConfig) -> None:
    for node in config.nodes:
        packages = step(graph, "30-install-kubernetes.sh", node.name)
        assert given(packages, "KUBERNETES_VERSION") == config.cluster.kubernetes_version


def test_no_package_is_installed_unpinned(graph: Graph, config: LabConfig) -> None:
    """What only goes with Kubernetes, such as cri-tools, is pinned to its series, and held."""
    for node in config.nodes:
        installed = [install_step(graph, config, node.name), step(graph, "30-install-kubernetes.sh", node.name)]
        wanted = [version for command in installed for _, version in INSTALLED.findall(command.plain("stdin"))]
        assert len(wanted) >= 5
        assert not [
            version
            for version in wanted
            if not re.fullmatch(r"'?(5:)?\d+\.(\d+\.)?(\*|\d+(-\*|\[-~\]\*\[a-z0-9\])?)'?", version)
        ]


def test_a_node_has_the_declared_version_of_its_runtime(graph: Graph, config: LabConfig) -> None:
    for node in config.nodes:
        installed = install_step(graph, config, node.name)
        version = given(installed, f"{node.runtime.upper()}_VERSION").removeprefix("5:")
        assert re.split(r"\[|-", version)[0] == node.runtime_version


def test_each_node_is_told_its_one_socket_and_where_no_other_runtime_may_answer(
    graph: Graph, config: LabConfig
) -> None:
    for node in config.nodes:
        installed = install_step(graph, config, node.name)
        own = RUNTIMES[node.runtime].cri_socket
        assert given(installed, "RUNTIME") == node.runtime
        assert given(installed, "CRI_SOCKET") == own
        assert set(given(installed, "OTHER_SOCKETS").split()) == sockets() - {own}
        assert f"runtime-endpoint: {own}\n" in given(installed, "FILES")


def sockets() -> set[str]:
    return {runtime.cri_socket for runtime in RUNTIMES.values()}


def test_a_machine_has_as_long_to_start_as_its_node_says(config: LabConfig) -> None:
    first, *others = config.nodes
    slow = replace(first, machine=replace(first.machine, start_seconds=900))
    machines = registered(replace(config, nodes=(slow, *others))).of_type("kubelab:index:VirtualMachine")
    assert {machine.plain("name"): machine.limits for machine in machines} == {
        slow.name: ("900s", "900s"),
        **{node.name: ("300s", "300s") for node in others},
    }


def test_kubeadm_is_told_the_socket_of_the_nodes_own_runtime(graph: Graph, config: LabConfig) -> None:
    for node in config.nodes:
        file = "40-init-control-plane.sh" if node.role == "controlPlane" else "60-join-worker.sh"
        own = f'criSocket: "{RUNTIMES[node.runtime].cri_socket}"\n'
        assert own in given(step(graph, file, node.name), "KUBEADM_CONFIG")


def test_only_nodes_of_docker_have_the_gate_turned_off_that_breaks_exec(graph: Graph, config: LabConfig) -> None:
    for node in config.nodes:
        patch = given(step(graph, "30-install-kubernetes.sh", node.name), "KUBELET_PATCH")
        assert "failCgroupV1: false\n" in patch
        assert ("  ExtendWebSocketsToKubelet: false\n" in patch) == (node.runtime == "docker"), node.name


def test_every_node_pulls_its_images_before_a_kubelet_is_there(graph: Graph, config: LabConfig) -> None:
    """So that init does not seem to hang."""
    release = versions.kubernetes(config.cluster.kubernetes_version)
    for node in config.nodes:
        assert release.pause_image in given(install_step(graph, config, node.name), "IMAGES").split()
        of_kubeadm = given(step(graph, "30-install-kubernetes.sh", node.name), "IMAGES")
        assert bool(re.search(of_kubeadm, "registry.k8s.io/etcd:3.6.8-0")) == (node.role == "controlPlane")


def test_leftovers_are_looked_for_on_every_machine(graph: Graph, config: LabConfig) -> None:
    for node in config.nodes:
        preflight = step(graph, "00-preflight.sh", node.name)
        assert given(preflight, "TRACES") == all_traces()
        assert given(preflight, "CLEAN_INSTALL") == "false"


@pytest.mark.parametrize("wanted", ["require", "prefer", "off"])
def test_a_machine_has_the_flag_and_is_told_how_a_guest_is_run_unless_that_is_off(
    site_file: Path, wanted: NestedVirtualization
) -> None:
    config = loaded("containerd", shipped("containerd"), site_file)
    nodes = (replace(node, machine=replace(node.machine, nested_virtualization=wanted)) for node in config.nodes)
    graph = registered(replace(config, nodes=tuple(nodes)))
    for node in config.nodes:
        preflight = step(graph, "00-preflight.sh", node.name)
        assert given(preflight, "NESTED_VIRTUALIZATION") == wanted
        assert ("KVM_RUN" in given(preflight, "RUN_GUEST")) == (wanted != "off")
        machine = graph.named("kubelab:index:VirtualMachine", node.name)
        assert machine.plain("nestedVirtualization") is (wanted != "off")
        assert machine.plain("mayLackNestedVirtualization") is (True if wanted == "prefer" else None)


def test_a_node_must_reach_the_sites_servers_and_trusts_their_authorities(
    graph: Graph, graph_with_logins: Graph, config: LabConfig
) -> None:
    for node in config.nodes:
        preflight = step(graph, "00-preflight.sh", node.name)
        runtime = "crio" if node.runtime == "crio" else "docker"
        reached = given(preflight, "MIRRORS").split()
        assert [url for url in reached if url.startswith(f"https://mirror.test/apt/{runtime}")]
        assert {"https://mirror.test/files", "https://mirror.test/v2/"} <= set(reached)
        assert given(preflight, "MIRROR_CA").count("BEGIN CERTIFICATE") == 1
        same = step(graph_with_logins, "00-preflight.sh", node.name)
        assert given(same, "MIRROR_CA") == given(preflight, "MIRROR_CA")


def test_the_facts_of_every_node_reach_verification(graph: Graph, config: LabConfig) -> None:
    names = [node.name for node in config.nodes]
    assert given(verification(graph), "NODE_FACTS") == "\n".join(map(facts_of, names))
    assert given(verification(graph), "NODES").splitlines() == lines((name, address_of(name)) for name in names)


def lines(rows: Iterable[Iterable[str]]) -> list[str]:
    return [" ".join(row) for row in rows]


def test_verification_compares_with_what_each_node_was_declared(graph: Graph, config: LabConfig) -> None:
    assert given(verification(graph), "RUNTIMES").splitlines() == lines(
        (
            node.name,
            node.runtime,
            RUNTIMES[node.runtime].cri_socket,
            RUNTIMES[node.runtime].reported_as,
            node.runtime_version,
        )
        for node in config.nodes
    )


def test_an_inspection_looks_for_every_runtime_that_could_answer(graph: Graph, config: LabConfig) -> None:
    for node in config.nodes:
        inspected = step(graph, "80-inspect-node.sh", node.name)
        assert given(inspected, "NODE_NAME") == node.name
        assert set(given(inspected, "SOCKETS").split()) == sockets()
