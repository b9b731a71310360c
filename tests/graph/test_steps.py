"""How steps reach their machine, when they run again, and what they leave when they are removed."""

import pytest

from config import LabConfig
from tests.graph.conftest import address_of, moid_of, public_key_of
from tests.graph.recording import Graph, Resource, is_secret
from tests.graph.test_order import MACHINE, WORKERS, commands, script_of, step


def node_of(command: Resource, graph: Graph) -> str:
    """The node on whose machine a command runs, by the address it connects to."""
    host = command.plain("connection")["host"]
    (name,) = [machine.name for machine in graph.of_type(MACHINE) if address_of(machine.name) == host]
    return str(name)


def test_every_step_goes_with_its_own_machine(graph: Graph) -> None:
    assert commands(graph)
    for command in commands(graph):
        assert command.deleted_with == graph.named(MACHINE, node_of(command, graph)).urn, command.name


def test_every_step_runs_anew_on_a_machine_made_anew(graph: Graph) -> None:
    for command in commands(graph):
        assert moid_of(node_of(command, graph)) in command.plain("triggers"), command.name
        assert command.delete_before_replace, command.name


def test_every_connection_verifies_the_host_key_of_its_machine(graph: Graph) -> None:
    for command in commands(graph):
        connection = command.plain("connection")
        assert connection["hostKey"] == public_key_of(f"{node_of(command, graph)}-host-key"), command.name


def test_a_machine_presents_the_host_key_that_its_steps_expect(graph: Graph) -> None:
    for machine in graph.of_type(MACHINE):
        assert machine.plain("hostKeyPublic") == public_key_of(f"{machine.name}-host-key")
        assert machine.name in machine.plain("hostKeyPrivate")


def test_every_step_runs_on_the_node_that_it_is_about(graph: Graph) -> None:
    on_control_plane = {
        command.name for command in commands(graph) if script_of(command) >= "40" and node_of(command, graph) == "cp1"
    }
    assert {command.name for command in commands(graph) if script_of(command) >= "40"} - on_control_plane == {
        f"{worker}-join" for worker in WORKERS
    }
    for command in commands(graph):
        if script_of(command) < "40":
            assert command.name.startswith(f"{node_of(command, graph)}-")


def test_no_step_is_given_its_earlier_output(graph: Graph) -> None:
    assert {command.inputs["addPreviousOutputInEnv"] for command in commands(graph)} == {False}
    assert not [command.name for command in commands(graph) if command.inputs.get("environment")]


def test_an_update_runs_the_same_as_a_creation(graph: Graph) -> None:
    for command in commands(graph):
        assert command.plain("update") == command.plain("create"), command.name


def test_only_a_workers_membership_is_undone_when_it_is_removed(graph: Graph) -> None:
    undone = {command.name for command in commands(graph) if command.inputs.get("delete")}
    assert undone == {f"{worker}-membership" for worker in WORKERS}


@pytest.mark.parametrize("worker", WORKERS)
def test_a_script_edit_never_drains_a_worker(graph: Graph, worker: str) -> None:
    # Only a change of triggers replaces a command, and with it runs its removal.
    membership = step(graph, "65-manage-membership.sh", worker)
    assert sorted(membership.plain("triggers")) == sorted([moid_of("cp1"), moid_of(worker)])


@pytest.mark.parametrize("worker", WORKERS)
def test_a_worker_made_anew_leaves_the_cluster_first_and_gets_a_new_token(graph: Graph, worker: str) -> None:
    for file in ("50-mint-token.sh", "65-manage-membership.sh"):
        assert moid_of(worker) in step(graph, file, worker).plain("triggers")


def test_the_cluster_is_verified_again_when_any_machine_was_made_anew(graph: Graph, config: LabConfig) -> None:
    (verified,) = [command for command in commands(graph) if script_of(command) == "90-verify-cluster.sh"]
    assert {moid_of(node.name) for node in config.nodes} <= set(verified.plain("triggers"))


def test_few_connections_are_made_per_node(graph: Graph, config: LabConfig) -> None:
    assert len(commands(graph)) <= 8 * len(config.nodes)


def test_a_step_is_readable_in_a_preview_unless_it_holds_a_secret(graph: Graph) -> None:
    hidden = {command.name for command in commands(graph) if is_secret(command.inputs["stdin"])}
    assert hidden == {f"{worker}-{what}" for worker in WORKERS for what in ("join", "membership")}
