"""A worker that is declared off: it leaves the cluster before its machine is off, and nothing is asked of it then."""

import json

from tests.graph.changes import Lab
from tests.graph.recording import Graph, Resource
from tests.graph.test_order import COMMAND, MACHINE

OFF = {"w1": {"power": "off"}}


def of_machine(graph: Graph, node: str) -> list[Resource]:
    """The steps that run on a node's machine."""
    machine = graph.named(MACHINE, node)
    return [step for step in graph.of_type(COMMAND) if step.deleted_with == machine.urn]


def test_a_worker_leaves_the_cluster_before_its_machine_is_shut_down(lab: Lab) -> None:
    graph = lab(OFF)
    machine, rest = graph.named(MACHINE, "w1"), graph.named(COMMAND, "w1-rest")
    assert machine.plain("power") == "off"
    assert rest.urn in graph.before(machine)
    assert graph.named(COMMAND, "pod-network-apply").urn in graph.before(rest)
    assert "bash -s -- rest" in rest.plain("create")
    assert rest.plain("delete") is None
    assert machine.urn not in graph.before(rest)


def test_no_step_of_a_machine_that_is_off_runs_and_all_of_others_do(lab: Lab) -> None:
    graph = lab(OFF)
    asked = {"stdin", "triggers", "connection", "create", "update"}
    assert [step.name for step in of_machine(graph, "w1") if not asked <= step.ignored] == []
    assert len(of_machine(graph, "w1")) >= 5
    assert [step.name for node in ("cp1", "w2") for step in of_machine(graph, node) if step.ignored] == []
    assert not graph.named(COMMAND, "w1-membership").ignored


def test_the_cluster_is_settled_and_verified_with_the_nodes_that_are_on(lab: Lab) -> None:
    graph = lab(OFF)
    for name in ("nodes-settle", "verification"):
        text = str(graph.named(COMMAND, name).plain("stdin"))
        assert "w2 w2.test" in text
        assert "w1 w1.test" not in text


def test_a_worker_that_is_on_again_is_what_it_was(lab: Lab) -> None:
    before, after = lab(), lab({"w1": {"power": "on"}})
    assert sorted(resource.name for resource in before) == sorted(resource.name for resource in after)
    assert before.named(MACHINE, "w1").inputs == after.named(MACHINE, "w1").inputs
    assert "power" not in before.named(MACHINE, "w1").inputs


def test_what_is_declared_for_a_machine_that_is_off_waits_until_it_is_on(lab: Lab) -> None:
    placed = lab(OFF).named(COMMAND, "w1-place-files")
    assert [placed.plain(command) for command in ("create", "update", "delete")] == [None, None, None]


def test_all_but_the_way_out_and_files_are_the_resources_of_a_lab_that_runs(lab: Lab) -> None:
    names = {resource.name for resource in lab()}
    assert {resource.name for resource in lab(OFF)} - names == {"w1-rest", "w1-place-files"}
    assert names <= {resource.name for resource in lab(OFF)}


def test_cards_disks_and_version_reach_the_provider_as_they_are_declared(lab: Lab) -> None:
    declared = {
        "networks": ["storage", {"network": "backup", "connected": False, "macAddress": "00:50:56:0A:00:01"}],
        "extraDisks": [{"name": "data", "sizeGiB": 100}, {"name": "old", "remove": True, "thin": False}],
        "machine": {"hardwareVersion": 19},
    }
    graph = lab({"w1": declared})
    machine = graph.named(MACHINE, "w1")
    assert machine.plain("networks") == [
        {"network": "storage"},
        {"network": "backup", "connected": False, "macAddress": "00:50:56:0a:00:01"},
    ]
    assert machine.plain("extraDisks") == [
        {"name": "data", "sizeGiB": 100},
        {"name": "old", "thin": False, "remove": True},
    ]
    assert machine.plain("hardwareVersion") == 19
    (provider,) = graph.of_type("pulumi:providers:kubelab")
    asked = next(each for each in json.loads(provider.plain("machines")) if each["name"] == "w1")
    assert [asked[key] for key in ("extraDisks", "networks")] == [
        machine.plain(key) for key in ("extraDisks", "networks")
    ]
    assert (asked["hardwareVersion"], asked["imageSha256"]) == (19, machine.plain("imageSha256"))
    assert [image.plain("hardwareVersions") for image in graph.of_type("kubelab:index:Image")] == [{"w1": 19}]


def test_a_machine_without_them_has_no_such_input_so_that_no_earlier_state_changes(lab: Lab) -> None:
    inputs = lab().named(MACHINE, "w1").inputs
    assert not {"networks", "extraDisks", "hardwareVersion", "power"} & inputs.keys()
