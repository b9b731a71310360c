"""What tells a state's machines from others, and what protects its control plane."""

import json

import pytest

from config import LabConfig
from tests.graph.changes import Lab
from tests.graph.conftest import public_key_of
from tests.graph.recording import Graph
from tests.graph.test_order import MACHINE


@pytest.mark.case("T3")
def test_one_key_of_the_state_is_in_the_mark_of_each_machine_and_image(graph: Graph) -> None:
    key = public_key_of("user-key")
    assert {machine.plain("sshPublicKey") for machine in graph.of_type(MACHINE)} == {key}
    assert {image.plain("stateKey") for image in graph.of_type("kubelab:index:Image")} == {key}


@pytest.mark.case("T8")
def test_a_control_planes_machine_says_what_is_lost_with_it_and_a_workers_nothing(
    graph: Graph, config: LabConfig
) -> None:
    for node in config.nodes:
        holds = graph.named(MACHINE, node.name).plain("holds")
        assert ("etcd" in holds) if node.role == "controlPlane" else holds is None
        assert graph.named(MACHINE, node.name).plain("allowReplace") is False


@pytest.mark.case("T8")
def test_the_word_of_a_control_plane_reaches_its_machine_and_the_provider(lab: Lab) -> None:
    (before,) = lab().of_type("pulumi:providers:kubelab")
    assert (before.plain("controlPlanes"), before.plain("allowReplace")) == ("cp1", "")
    after = lab({"cp1": {"allowReplace": True}})
    assert after.named(MACHINE, "cp1").plain("allowReplace") is True
    assert after.of_type("pulumi:providers:kubelab")[0].plain("allowReplace") == "cp1"


@pytest.mark.case("V11", "V18")
def test_the_provider_and_the_images_know_what_all_machines_want(graph: Graph, config: LabConfig) -> None:
    (provider,) = graph.of_type("pulumi:providers:kubelab")
    machines = json.loads(provider.plain("machines"))
    assert [machine["name"] for machine in machines] == [node.name for node in config.nodes]
    assert [machine["diskGiB"] for machine in machines] == [node.machine.disk_gib for node in config.nodes]
    for image in graph.of_type("kubelab:index:Image"):
        assert image.plain("diskGiB") == min(machine["diskGiB"] for machine in machines)
        assert image.plain("nestedVirtualization") is True
