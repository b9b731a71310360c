"""What waits for what: no more and no less than it must. For every shipped stack."""

from itertools import pairwise
from pathlib import PurePath

from components.runtimes import RUNTIMES
from config import LabConfig
from tests.graph.conftest import PROJECT
from tests.graph.recording import Graph, Resource

COMMAND = "command:remote:Command"
MACHINE = "kubelab:index:VirtualMachine"
CLUSTER = "kubelab:cluster:Cluster"
ON_REQUEST = {"05-reset-node.sh", "08-place-files.sh", "35-write-component-files.sh"}
OF_THE_DOCTOR = {"81-show-virtualization.sh"}
OF_IMAGES = {"37-leave-image.sh"}


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


def verification(graph: Graph) -> Resource:
    (verified,) = [command for command in commands(graph) if script_of(command) == "90-verify-cluster.sh"]
    return verified


def preparation(graph: Graph, node: str) -> list[Resource]:
    """The steps that make a machine ready for kubeadm, in the order of their scripts."""
    of_node = [command for command in commands(graph) if command.name.startswith(f"{node}-")]
    return sorted((command for command in of_node if script_of(command) < "40"), key=script_of)


def scripts_before(graph: Graph, command: Resource) -> set[tuple[str, str]]:
    """Script and resource name of every step that must have ended before."""
    return {(script_of(other), other.name) for other in commands(graph) if other.urn in graph.before(command)}


def waits_for(graph: Graph, later: Resource, earlier: Resource) -> bool:
    return earlier.urn in graph.before(later)


def test_every_script_has_its_step_but_those_of_runtimes_that_no_node_has(graph: Graph, config: LabConfig) -> None:
    shipped = {PurePath(path).name for path in (PROJECT / "components/scripts").glob("[0-9]*.sh")}
    apart = ON_REQUEST | OF_THE_DOCTOR | OF_IMAGES
    unused = {runtime.script for word, runtime in RUNTIMES.items() if word not in {n.runtime for n in config.nodes}}
    assert {script_of(command) for command in commands(graph)} == shipped - unused - apart
    assert unused | apart <= shipped


def test_a_node_is_prepared_in_the_order_of_the_scripts(graph: Graph, config: LabConfig) -> None:
    """The runtime comes first and proves itself; only then comes the kubelet."""
    for node in config.nodes:
        steps = preparation(graph, node.name)
        assert [script_of(command) for command in steps] == [
            "00-preflight.sh",
            "10-prepare-os.sh",
            f"20-install-{node.runtime}.sh",
            "30-install-kubernetes.sh",
        ]
        for earlier, later in pairwise(steps):
            assert waits_for(graph, later, earlier), (later.name, earlier.name)
        assert waits_for(graph, steps[0], graph.named(MACHINE, node.name))


def test_nodes_are_prepared_independently_of_each_other(graph: Graph, config: LabConfig) -> None:
    for node in config.nodes:
        others = {
            resource.urn
            for resource in graph
            if resource.type in (COMMAND, MACHINE) and node.name not in resource.name.split("-")
        }
        assert others
        for command in preparation(graph, node.name):
            assert not graph.before(command) & others, command.name


def test_the_control_plane_waits_for_its_own_machine_alone(graph: Graph) -> None:
    before = scripts_before(graph, step(graph, "40-init-control-plane.sh", "cp1"))
    assert {name.partition("-")[0] for _, name in before} == {"cp1"}
    assert "30-install-kubernetes.sh" in {file for file, _ in before}


def test_the_pod_network_waits_for_the_control_plane_and_no_worker(graph: Graph) -> None:
    (applied,) = [command for command in commands(graph) if script_of(command) == "45-apply-pod-network.sh"]
    before = scripts_before(graph, applied)
    assert ("40-init-control-plane.sh", "cp1-init") in before
    assert ("41-renew-certificates.sh", "cp1-certificates") in before
    assert {name.partition("-")[0] for _, name in before} == {"cp1"}


def test_a_worker_joins_only_after_its_own_packages_and_the_control_planes_init(
    graph: Graph, workers: list[str]
) -> None:
    for worker in workers:
        joined = step(graph, "60-join-worker.sh", worker)
        assert waits_for(graph, joined, step(graph, "30-install-kubernetes.sh", worker))
        assert waits_for(graph, joined, step(graph, "40-init-control-plane.sh", "cp1"))


def test_a_join_waits_for_no_other_worker_and_not_for_the_pod_network(graph: Graph, workers: list[str]) -> None:
    for worker in workers:
        before = scripts_before(graph, step(graph, "60-join-worker.sh", worker))
        assert "45-apply-pod-network.sh" not in {file for file, _ in before}
        assert {name.partition("-")[0] for _, name in before} == {"cp1", worker}


def test_a_worker_is_admitted_only_when_it_is_ready_to_join(graph: Graph, workers: list[str]) -> None:
    for worker in workers:
        admitted = step(graph, "50-manage-membership.sh", worker)
        assert waits_for(graph, admitted, step(graph, "30-install-kubernetes.sh", worker))
        assert waits_for(graph, admitted, step(graph, "40-init-control-plane.sh", "cp1"))
        assert waits_for(graph, step(graph, "60-join-worker.sh", worker), admitted)


def test_a_node_is_inspected_once_it_is_a_member(graph: Graph, workers: list[str]) -> None:
    inspected = step(graph, "80-inspect-node.sh", "cp1")
    assert waits_for(graph, inspected, step(graph, "45-apply-pod-network.sh", "network"))
    for worker in workers:
        inspected = step(graph, "80-inspect-node.sh", worker)
        assert waits_for(graph, inspected, step(graph, "60-join-worker.sh", worker))
        assert {name.partition("-")[0] for _, name in scripts_before(graph, inspected)} == {"cp1", worker}


def test_nodes_are_settled_once_they_all_joined_and_before_verification(graph: Graph, workers: list[str]) -> None:
    settled = step(graph, "70-settle-nodes.sh", "settle")
    for worker in workers:
        assert waits_for(graph, settled, step(graph, "60-join-worker.sh", worker))
        assert not waits_for(graph, step(graph, "80-inspect-node.sh", worker), settled)
    assert waits_for(graph, verification(graph), settled)


def test_verification_comes_after_every_other_step(graph: Graph) -> None:
    verified = verification(graph)
    assert [
        command.name
        for command in commands(graph)
        if command is not verified and not waits_for(graph, verified, command)
    ] == []


def test_a_machine_waits_for_no_other_machine(graph: Graph, config: LabConfig) -> None:
    machines = graph.of_type(MACHINE)
    assert sorted(machine.name for machine in machines) == sorted(node.name for node in config.nodes)
    for machine in machines:
        assert not [other for other in machines if waits_for(graph, machine, other)]
