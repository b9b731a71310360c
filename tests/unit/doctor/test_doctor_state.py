"""How the machines of a stack are reached, read from its exported state."""

from doctor.state import Connection, connections, plain
from tests.unit.doctor.state_of import HOST_KEY, PRIVATE_KEY, command, exported, opened, urn


def test_every_machine_is_reached_as_its_own_steps_are() -> None:
    state = exported(command("cp1", "cp1-init"), command("w1", "w1-join"), command("cp1", "w1-membership"))
    assert connections(state) == {
        name: Connection(f"{name}.test", "lab", PRIVATE_KEY, f"{HOST_KEY} {name}") for name in ("cp1", "w1")
    }


def test_a_connection_that_is_a_secret_as_a_whole_is_opened_too() -> None:
    step = command("w1", "w1-join")
    step["inputs"]["connection"] = opened(step["inputs"]["connection"])
    assert connections(exported(step))["w1"].private_key == PRIVATE_KEY


def test_what_lives_with_the_cluster_names_no_machine() -> None:
    """It runs on whichever control plane answers."""
    membership = command("cp1", "w1-membership")
    membership["deletedWith"] = urn("kubelab:cluster:Cluster", "cluster")
    assert connections(exported(membership)) == {}


def test_a_stack_that_was_never_built_has_no_machine() -> None:
    assert connections({"version": 3, "deployment": {"manifest": {}}}) == {}
    assert connections(exported()) == {}


def test_a_command_that_belongs_to_no_machine_is_passed_over() -> None:
    step = command("w1", "somebody-elses")
    del step["deletedWith"]
    assert connections(exported(step)) == {}


def test_secrets_are_opened_wherever_they_are_and_everything_else_is_left() -> None:
    value = {"a": [opened("text"), {"b": opened({"c": 1, "d": [True]})}], "e": None, "plaintext": "no secret"}
    assert plain(value) == {"a": ["text", {"b": {"c": 1, "d": [True]}}], "e": None, "plaintext": "no secret"}
