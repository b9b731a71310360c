"""Handlers in a lab: what each step is given, and what runs again when one comes or goes by a word."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.graph.changes import differing, replaced
from tests.graph.conftest import loaded, registered, shipped
from tests.graph.recording import Graph
from tests.graph.test_order import commands, step
from tests.graph.test_steps import given

Sandbox = Callable[..., Graph]


@pytest.fixture
def sandbox(site_file: Path) -> Sandbox:
    """The shipped stack of this name, with other handlers on some of its workers."""

    def registers(**handlers: list[str]) -> Graph:
        declared: dict[str, Any] = shipped("sandbox")
        for node, words in handlers.items():
            declared["nodes"][node] = {**declared["nodes"][node], "handlers": words}
        return registered(loaded("sandbox", declared, site_file))

    return registers


def test_a_node_with_handlers_has_no_step_more_than_one_without(sandbox: Sandbox) -> None:
    steps = [command.name for command in commands(sandbox())]
    of_nodes = [
        {name.removeprefix(f"{node}-").replace("crio", "containerd") for name in steps if name.startswith(f"{node}-")}
        for node in ("w1", "w3")
    ]
    assert of_nodes[0] == of_nodes[1]


def test_a_handler_is_in_every_place_that_must_agree_on_it(sandbox: Sandbox) -> None:
    graph = sandbox()
    for node, script, file in (
        ("w1", "20-install-containerd.sh", "/etc/containerd/config.toml"),
        ("w2", "20-install-crio.sh", "/etc/crio/crio.conf.d/20-kubelab.conf"),
    ):
        installed = step(graph, script, node)
        assert "gvisor archive https://" in given(installed, "HANDLERS")
        assert f" {file}\n" in given(installed, "FILES")
        assert "runtimes.gvisor]" in given(installed, "FILES")
    assert given(step(graph, "20-install-containerd.sh", "w3"), "HANDLERS") == ""
    (settled,) = [command for command in commands(graph) if command.name == "nodes-settle"]
    labelled = [
        line.split()[0] for line in given(settled, "WANTED").splitlines() if "handler.kubelab.dev/gvisor=true" in line
    ]
    assert labelled == ["w1", "w2"]
    assert 'handler: "gvisor"' in given(settled, "RUNTIME_CLASSES")
    (verified,) = [command for command in commands(graph) if command.name == "verification"]
    assert [line.split()[:2] for line in given(verified, "HANDLER_PROOFS").splitlines()] == [
        ["w1", "gvisor"],
        ["w2", "gvisor"],
    ]


def test_a_handler_that_leaves_one_node_by_a_word_touches_no_other(sandbox: Sandbox) -> None:
    before, after = sandbox(), sandbox(w1=[])
    assert differing(before, after) == {"w1-preflight", "w1-install-containerd", "nodes-settle", "verification"}
    assert replaced(before, after) == set()
    installed = step(after, "20-install-containerd.sh", "w1")
    assert (given(installed, "HANDLERS"), given(installed, "HANDLERS_ELSEWHERE")) == ("", "gvisor")


def test_the_last_handler_of_a_lab_leaves_no_class(sandbox: Sandbox) -> None:
    after = sandbox(w1=[], w2=[])
    (settled,) = [command for command in commands(after) if command.name == "nodes-settle"]
    assert given(settled, "RUNTIME_CLASSES") == ""
    assert given(step(after, "20-install-crio.sh", "w2"), "HANDLERS_ELSEWHERE") == ""
    assert replaced(sandbox(), after) == set()
