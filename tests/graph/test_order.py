"""What waits for what: no more and no less than it must."""

from itertools import pairwise
from pathlib import PurePath

import pytest

from config import LabConfig
from tests.graph.conftest import PROJECT
from tests.graph.recording import Graph, Resource

COMMAND = "command:remote:Command"
MACHINE = "kubelab:index:VirtualMachine"
WORKERS = ("w1", "w2")


def step(graph: Graph, file: str, node: str) -> Resource:
    """The command that runs a script for a node."""
    found = [command for command in commands(graph) if script_of(command) == file and node in command.name.split("-")]
    assert len(found) == 1, f"{file} for {node}: {[command.name for command in found]}"
    return found[0]


def commands(graph: Graph) -> list[Resource]:
    return graph.of_type(COMMAND)


def script_of(command: Resource) -> str:
    """The script that a command runs, as its text names it."""
    (file,) = [word for word in command.plain("create").split() if word.endswith(".sh")]
    return str(file)


def scripts_before(graph: Graph, command: Resource) -> set[tuple[str, str]]:
    """Script and resource name of every step that must have ended before."""
    return {(script_of(other), other.name) for other in commands(graph) if other.urn in graph.before(command)}


def waits_for(graph: Graph, later: Resource, earlier: Resource) -> bool:
    return earlier.urn in graph.before(later)


def test_every_script_has_its_step(graph: Graph) -> None:
    shipped = {PurePath(path).name for path in (PROJECT / "components/scripts").glob("[0-9]*.sh")}
    assert {script_of(command) for command in commands(graph)} == shipped


@pytest.mark.parametrize("node", ["cp1", *WORKERS])
def test_a_node_is_prepared_in_the_order_of_the_scripts(graph: Graph, node: str) -> None:
    prepared = [command for command in commands(graph) if script_of(command) < "40" and command.name.startswith(node)]
    prepared.sort(key=script_of)
    assert len(prepared) == 5
    for earlier, later in pairwise(prepared):
        assert waits_for(graph, later, earlier), (later.name, earlier.name)
    assert waits_for(graph, prepared[0], graph.named(MACHINE, node))


@pytest.mark.parametrize("node", ["cp1", *WORKERS])
def test_nodes_are_prepared_independently_of_each_other(graph: Graph, node: str) -> None:
    others = {resource.urn for resource in graph if resource.type in (COMMAND, MACHINE) and node not in resource.name}
    prepared = [command for command in commands(graph) if script_of(command) < "40" and command.name.startswith(node)]
    assert prepared
    for command in prepared:
        assert not graph.before(command) & others


def test_the_control_plane_waits_for_its_own_machine_alone(graph: Graph) -> None:
    before = scripts_before(graph, step(graph, "40-init-control-plane.sh", "cp1"))
    assert {name.partition("-")[0] for _, name in before} == {"cp1"}
    assert "35-pull-images.sh" in {file for file, _ in before}


def test_the_pod_network_waits_for_the_control_plane_and_no_worker(graph: Graph) -> None:
    (applied,) = [command for command in commands(graph) if script_of(command) == "45-apply-pod-network.sh"]
    before = scripts_before(graph, applied)
    assert ("40-init-control-plane.sh", "cp1-init") in before
    assert {name.partition("-")[0] for _, name in before} == {"cp1"}


@pytest.mark.parametrize("worker", WORKERS)
def test_a_worker_joins_only_after_its_own_packages_and_the_control_planes_init(graph: Graph, worker: str) -> None:
    joined = step(graph, "60-join-worker.sh", worker)
    assert waits_for(graph, joined, step(graph, "30-install-kubernetes.sh", worker))
    assert waits_for(graph, joined, step(graph, "40-init-control-plane.sh", "cp1"))


@pytest.mark.parametrize("worker", WORKERS)
def test_a_join_waits_for_no_other_worker_and_not_for_the_pod_network(graph: Graph, worker: str) -> None:
    before = scripts_before(graph, step(graph, "60-join-worker.sh", worker))
    assert "45-apply-pod-network.sh" not in {file for file, _ in before}
    assert {name.partition("-")[0] for _, name in before} == {"cp1", worker}


@pytest.mark.parametrize("worker", WORKERS)
def test_a_token_is_minted_only_when_its_worker_is_ready_to_join(graph: Graph, worker: str) -> None:
    minted = step(graph, "50-mint-token.sh", worker)
    assert waits_for(graph, minted, step(graph, "30-install-kubernetes.sh", worker))
    assert waits_for(graph, minted, step(graph, "40-init-control-plane.sh", "cp1"))


@pytest.mark.parametrize("worker", WORKERS)
def test_a_worker_is_admitted_after_it_joined(graph: Graph, worker: str) -> None:
    admitted = step(graph, "65-manage-membership.sh", worker)
    assert waits_for(graph, admitted, step(graph, "60-join-worker.sh", worker))


def test_verification_comes_last(graph: Graph) -> None:
    (verified,) = [command for command in commands(graph) if script_of(command) == "90-verify-cluster.sh"]
    unseen = {
        command.name
        for command in commands(graph)
        if command is not verified and not waits_for(graph, verified, command)
    }
    # A worker's own pull of images is not what its membership waits for.
    assert unseen <= {f"{worker}-pull-images" for worker in WORKERS}


def test_a_machine_waits_for_no_other_machine(graph: Graph, config: LabConfig) -> None:
    machines = graph.of_type(MACHINE)
    assert sorted(machine.name for machine in machines) == sorted(node.name for node in config.nodes)
    for machine in machines:
        assert not [other for other in machines if waits_for(graph, machine, other)]
