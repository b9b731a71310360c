"""How steps reach their machine, when they run again, and what they leave when they are removed."""

import re

from components.runtimes import RUNTIMES
from config import LabConfig
from tests.graph.conftest import address_of, moid_of, public_key_of
from tests.graph.recording import Graph, Resource, is_secret
from tests.graph.test_order import CLUSTER, MACHINE, commands, script_of, step, verification

INITIALISATION = "cp1-init-id"
OF_CLUSTER = {
    "45-apply-pod-network.sh",
    "46-apply-cluster-dns.sh",
    "50-manage-membership.sh",
    "70-settle-nodes.sh",
    "90-verify-cluster.sh",
}


def node_of(command: Resource, graph: Graph) -> str:
    """The node on whose machine a command runs, by the address it connects to."""
    host = command.plain("connection")["host"]
    (name,) = [machine.name for machine in graph.of_type(MACHINE) if address_of(machine.name) == host]
    return str(name)


def run_of(node: str) -> str:
    """The identity of a node's preflight: another one once that was done anew."""
    return f"{node}-preflight-id"


def given(command: Resource, name: str) -> str:
    """One value of the environment that a step is given."""
    found = re.search(rf"^{name}=('(?:[^']|'\"'\"')*'|\S*)$", command.plain("stdin"), re.MULTILINE)
    assert found, f"{command.name} is given no {name}"
    return found[1].strip("'").replace("'\"'\"'", "'")


def install_step(graph: Graph, config: LabConfig, node: str) -> Resource:
    """The step that installs a node's runtime."""
    (runtime,) = [each.runtime for each in config.nodes if each.name == node]
    return step(graph, RUNTIMES[runtime].script, node)


def of_cluster(command: Resource) -> bool:
    """Whether a command is of the cluster as a whole, whichever control plane it runs on."""
    return script_of(command) in OF_CLUSTER


def test_every_step_goes_with_its_own_machine_or_with_the_cluster(graph: Graph) -> None:
    assert commands(graph)
    cluster = graph.named(CLUSTER, "cluster").urn
    for command in commands(graph):
        own = graph.named(MACHINE, node_of(command, graph)).urn
        assert command.deleted_with == (cluster if of_cluster(command) else own), command.name


def test_the_first_step_of_a_node_runs_anew_on_a_machine_made_anew(graph: Graph, config: LabConfig) -> None:
    for node in config.nodes:
        preflight = step(graph, "00-preflight.sh", node.name)
        assert moid_of(node.name) in preflight.plain("triggers")
        assert preflight.delete_before_replace


def test_every_later_step_runs_anew_when_the_first_of_its_node_did(graph: Graph) -> None:
    for command in commands(graph):
        assert command.delete_before_replace, command.name
        if script_of(command) != "00-preflight.sh" and not of_cluster(command):
            assert run_of(node_of(command, graph)) in command.plain("triggers"), command.name


def test_the_pod_network_is_applied_anew_to_a_cluster_made_anew(graph: Graph) -> None:
    assert step(graph, "45-apply-pod-network.sh", "network").plain("triggers") == [INITIALISATION]


def test_another_runtime_makes_another_node_of_a_worker_and_never_of_a_control_plane(
    graph: Graph, config: LabConfig
) -> None:
    words = set(RUNTIMES)
    for command in commands(graph):
        of_worker = [node for node in config.workers if command.name == f"{node.name}-preflight"]
        assert words & set(command.plain("triggers")) == {node.runtime for node in of_worker}, command.name


def test_a_workers_machine_is_made_for_its_runtime_and_a_control_planes_for_any(
    graph: Graph, config: LabConfig
) -> None:
    made_for = {machine.name: machine.plain("replaceTriggers") for machine in graph.of_type(MACHINE)}
    workers = {worker.name: {"runtime": worker.runtime} for worker in config.workers}
    assert made_for == {**{node.name: {} for node in config.control_planes}, **workers}


def test_every_connection_verifies_the_host_key_of_its_machine(graph: Graph) -> None:
    for command in commands(graph):
        connection = command.plain("connection")
        assert connection["hostKey"] == public_key_of(f"{node_of(command, graph)}-host-key"), command.name


def test_a_machine_presents_the_host_key_that_its_steps_expect(graph: Graph) -> None:
    for machine in graph.of_type(MACHINE):
        assert machine.plain("hostKeyPublic") == public_key_of(f"{machine.name}-host-key")
        assert machine.name in machine.plain("hostKeyPrivate")


def test_every_step_runs_on_the_node_that_it_is_about(graph: Graph, workers: list[str]) -> None:
    own = {f"{worker}-{what}" for worker in workers for what in ("join", "inspect")}
    for command in commands(graph):
        if script_of(command) < "40" or command.name in own:
            assert command.name.startswith(f"{node_of(command, graph)}-")
        else:
            assert node_of(command, graph) == "cp1", command.name


def test_no_step_is_given_its_earlier_output(graph: Graph) -> None:
    assert {command.inputs["addPreviousOutputInEnv"] for command in commands(graph)} == {False}
    assert not [command.name for command in commands(graph) if command.inputs.get("environment")]


def test_an_update_runs_the_same_as_a_creation(graph: Graph) -> None:
    for command in commands(graph):
        assert command.plain("update") == command.plain("create"), command.name


def test_only_a_workers_membership_is_undone_when_it_is_removed(graph: Graph, workers: list[str]) -> None:
    undone = {command.name for command in commands(graph) if command.inputs.get("delete")}
    assert undone == {f"{worker}-membership" for worker in workers}


def test_a_script_edit_never_drains_a_worker(graph: Graph, workers: list[str]) -> None:
    # Only a change of triggers replaces a command, and with it runs its removal.
    for worker in workers:
        assert step(graph, "50-manage-membership.sh", worker).plain("triggers") == [run_of(worker)]


def test_a_control_plane_made_anew_drains_no_worker_and_lets_it_join_again(graph: Graph, workers: list[str]) -> None:
    """The membership is updated, as its text names the initialisation; only another worker's machine replaces it."""
    for worker in workers:
        membership = step(graph, "50-manage-membership.sh", worker)
        assert given(membership, "INITIALISATION") == INITIALISATION
        assert INITIALISATION not in membership.plain("triggers")


def test_a_node_made_anew_leaves_the_cluster_first_and_gets_a_new_credential(graph: Graph, workers: list[str]) -> None:
    for worker in workers:
        membership = step(graph, "50-manage-membership.sh", worker)
        assert run_of(worker) in membership.plain("triggers")
        # Its removal runs on a control plane, also when a machine is deleted, and not when the whole cluster is.
        assert membership.deleted_with == graph.named(CLUSTER, "cluster").urn
        assert graph.named(MACHINE, worker).urn in graph.before(membership)


def test_the_cluster_is_verified_again_when_any_node_was_made_anew(graph: Graph, config: LabConfig) -> None:
    assert {run_of(node.name) for node in config.nodes} <= set(verification(graph).plain("triggers"))


def test_few_connections_are_made_per_node(graph: Graph, config: LabConfig) -> None:
    of_all = ["cp1-certificates", "cluster-dns-apply", "pod-network-apply", "nodes-settle", "verification"]
    assert len(commands(graph)) <= 7 * len(config.nodes) + len(of_all)
    for node in config.workers:
        assert len([command for command in commands(graph) if node.name in command.name.split("-")]) <= 7


def test_few_resources_are_registered_per_node(graph: Graph, config: LabConfig) -> None:
    """Machine with its key and component, node, worker, and the steps."""
    for node in config.workers:
        assert len([each for each in graph if node.name in each.name.split("-")]) <= 12


def test_every_step_is_readable_in_a_preview_of_a_site_without_logins(graph: Graph) -> None:
    assert commands(graph)
    assert [command.name for command in commands(graph) if is_secret(command.inputs["stdin"])] == []
