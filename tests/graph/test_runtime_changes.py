"""Another runtime, another installation: which machines and steps are made anew, as an engine would decide it."""

from collections.abc import Mapping
from typing import Any

import pytest

from components.runtimes import RUNTIMES
from tests.graph.changes import Lab, anew, command_or_none, is_made_anew, replaced
from tests.graph.recording import Graph
from tests.graph.test_order import CLUSTER, MACHINE, commands, preparation, script_of, step, waits_for
from tests.graph.test_steps import given, run_of

JOINING = ("join", "membership")


def of_worker(worker: str, graph: Graph) -> set[str]:
    """Everything that is done for a worker, on whichever machine, but the installation of its runtime."""
    prepared = {command.name for command in preparation(graph, worker) if not script_of(command).startswith("20-")}
    return {*prepared, *(f"{worker}-{what}" for what in JOINING), f"{worker}-inspect"}


@pytest.mark.parametrize("policy", ["replaceMachine", "resetNode"])
def test_another_runtime_of_a_worker_makes_its_own_steps_anew_and_verifies(lab: Lab, policy: str) -> None:
    before = lab(onRuntimeChange=policy)
    after = lab({"w1": {"runtime": "crio"}}, onRuntimeChange=policy)
    assert replaced(before, after) == {*of_worker("w1", after), "nodes-settle", "verification"}
    assert command_or_none(after, "w1-install-docker") is None
    assert script_of(step(after, RUNTIMES["crio"].script, "w1")) == "20-install-crio.sh"


def test_another_runtime_of_a_worker_makes_its_machine_anew_and_no_other(lab: Lab) -> None:
    before, after = lab(), lab({"w1": {"runtime": "crio"}})
    assert {name for name in anew(after) if is_made_anew(before, after.named(MACHINE, name))} == {"w1"}


def test_another_version_of_a_runtime_is_inspected_again_and_drains_nothing(lab: Lab) -> None:
    before = lab(runtimeVersions={"docker": "28.3.3", "criDockerd": "0.3.26"})
    after = lab(runtimeVersions={"docker": "29.7.2", "criDockerd": "0.3.26"})
    assert replaced(before, after) == {"w1-inspect"}


def test_a_worker_that_is_to_be_reset_keeps_its_machine(lab: Lab) -> None:
    before = lab(onRuntimeChange="resetNode")
    after = lab({"w1": {"runtime": "crio"}}, onRuntimeChange="resetNode")
    assert not [name for name in anew(after) if is_made_anew(before, after.named(MACHINE, name))]


def test_a_worker_that_was_reset_is_made_anew_once_that_is_the_policy(lab: Lab) -> None:
    before = lab({"w1": {"runtime": "crio", "onRuntimeChange": "resetNode"}})
    after = lab({"w1": {"runtime": "containerd"}})
    assert [name for name in anew(after) if is_made_anew(before, after.named(MACHINE, name))] == ["w1"]


def test_another_policy_alone_makes_nothing_anew(lab: Lab) -> None:
    for before, after in ((lab(), lab(onRuntimeChange="resetNode")), (lab(onRuntimeChange="resetNode"), lab())):
        assert replaced(before, after) == set()
        assert not [name for name in anew(after) if is_made_anew(before, after.named(MACHINE, name))]


@pytest.mark.parametrize("policy", ["replaceMachine", "resetNode"])
@pytest.mark.parametrize("runtime", ["docker", "crio"])
def test_another_runtime_of_the_control_plane_makes_nothing_anew(lab: Lab, policy: str, runtime: str) -> None:
    """A cluster lives on its control plane: the step refuses the change and says what to do."""
    before = lab(onRuntimeChange=policy)
    after = lab({"cp1": {"runtime": runtime}}, onRuntimeChange=policy)
    assert replaced(before, after) == {"cp1-inspect"}
    assert not [name for name in anew(after) if is_made_anew(before, after.named(MACHINE, name))]
    assert given(step(after, RUNTIMES[runtime].script, "cp1"), "RUNTIME") == runtime


@pytest.mark.parametrize("policy", ["replaceMachine", "resetNode"])
def test_the_membership_goes_before_anything_of_the_old_node_does(lab: Lab, policy: str) -> None:
    """An engine deletes what depends on a thing before the thing itself: the drain comes while the node still runs."""
    graph = lab({"w1": {"runtime": "crio"}}, onRuntimeChange=policy)
    membership = step(graph, "50-manage-membership.sh", "w1")
    assert membership.delete_before_replace
    assert "remove" in membership.plain("delete").split()
    for earlier in preparation(graph, "w1"):
        assert waits_for(graph, membership, earlier), earlier.name
    assert membership.deleted_with == graph.named(CLUSTER, "cluster").urn
    assert run_of("w1") in membership.plain("triggers")


@pytest.mark.parametrize(
    ("nodes", "cluster", "with_reset"),
    [
        ({}, {}, set()),
        ({}, {"cleanInstall": True}, {"cp1", "w1", "w2", "w3"}),
        ({}, {"onRuntimeChange": "resetNode"}, {"cp1", "w1", "w2", "w3"}),
        ({"w2": {"cleanInstall": True}, "w3": {"onRuntimeChange": "resetNode"}}, {}, {"w2", "w3"}),
        ({"w2": {"cleanInstall": False}}, {"cleanInstall": True}, {"cp1", "w1", "w3"}),
    ],
    ids=["by default", "clean", "reset", "of some nodes", "not of one"],
)
def test_a_node_has_a_reset_only_where_one_is_asked_for(
    lab: Lab, nodes: Mapping[str, Mapping[str, Any]], cluster: Mapping[str, Any], with_reset: set[str]
) -> None:
    graph = lab(nodes, **cluster)
    found = {command.name for command in commands(graph) if script_of(command) == "05-reset-node.sh"}
    assert found == {f"{node}-reset" for node in with_reset}


def test_a_reset_comes_after_the_preflight_and_before_the_preparation(lab: Lab) -> None:
    graph = lab(cleanInstall=True)
    for node in ("cp1", "w1", "w2", "w3"):
        assert [script_of(command) for command in preparation(graph, node)][:3] == [
            "00-preflight.sh",
            "05-reset-node.sh",
            "10-prepare-os.sh",
        ]
        reset = step(graph, "05-reset-node.sh", node)
        assert waits_for(graph, reset, step(graph, "00-preflight.sh", node))
        assert waits_for(graph, step(graph, "10-prepare-os.sh", node), reset)
        assert reset.plain("triggers") == [run_of(node)]
        assert not reset.inputs.get("delete")


def test_a_reset_knows_the_nodes_role_and_what_it_is_to_have(lab: Lab) -> None:
    graph = lab({"w1": {"cleanInstall": False}}, cleanInstall=True, onRuntimeChange="resetNode")
    for node, role, runtime, clean in (
        ("cp1", "controlPlane", "containerd", "true"),
        ("w1", "worker", "docker", "false"),
        ("w3", "worker", "crio", "true"),
    ):
        reset = step(graph, "05-reset-node.sh", node)
        known = [given(reset, name) for name in ("NODE_NAME", "ROLE", "RUNTIME", "CLEAN_INSTALL")]
        assert known == [node, role, runtime, clean]
        assert given(step(graph, "00-preflight.sh", node), "CLEAN_INSTALL") == clean
        assert given(reset, "TRACES") == given(step(graph, "00-preflight.sh", node), "TRACES")
        assert set(given(reset, "SOCKETS").split()) == {runtime.cri_socket for runtime in RUNTIMES.values()}
