"""Several control planes, which no rule allows yet: where the steps of the cluster would run."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from components import control_planes
from tests.graph.conftest import address_of, loaded, public_key_of, registered, shipped
from tests.graph.recording import Graph
from tests.graph.test_order import commands, step, verification
from tests.graph.test_steps import given


@pytest.fixture
def asked() -> list[Sequence[str]]:
    """The addresses that were asked whether they answer."""
    return []


@pytest.fixture
def graph(site_file: Path, monkeypatch: pytest.MonkeyPatch, asked: list[Sequence[str]]) -> Graph:
    """A lab with a second control plane, of which the first does not answer."""

    def second(addresses: Sequence[str]) -> int:
        asked.append(addresses)
        return 1

    monkeypatch.setattr(control_planes, "first_answering", second)
    config = loaded("containerd", shipped("containerd"), site_file)
    first, *workers = config.nodes
    return registered(replace(config, nodes=(first, replace(first, name="cp2"), *workers)))


def test_what_is_the_clusters_runs_on_one_that_answers(graph: Graph) -> None:
    of_cluster = [
        verification(graph),
        step(graph, "45-apply-pod-network.sh", "network"),
        *(step(graph, "50-manage-membership.sh", worker) for worker in ("w1", "w2")),
    ]
    for command in of_cluster:
        assert command.plain("connection")["host"] == address_of("cp2")
        assert command.plain("connection")["hostKey"] == public_key_of("cp2-host-key")


def test_they_are_asked_in_the_declared_order_and_once(graph: Graph, asked: list[Sequence[str]]) -> None:
    assert commands(graph)
    assert [list(addresses) for addresses in asked] == [[address_of("cp1"), address_of("cp2")]]


def test_the_cluster_is_initialised_on_the_first_and_asked_there(graph: Graph) -> None:
    init = step(graph, "40-init-control-plane.sh", "cp1")
    assert init.plain("connection")["host"] == address_of("cp1")
    assert given(step(graph, "60-join-worker.sh", "w1"), "API_ENDPOINT") == f"{address_of('cp1')}:6443"
    assert step(graph, "41-renew-certificates.sh", "cp1").plain("connection")["host"] == address_of("cp1")
