"""A secret has one road: secret inputs and outputs, never a command line, a log or the plain state."""

import pulumi
import pytest

from components.lab import Lab
from config import LabConfig
from tests.graph.conftest import KUBECONFIG, PASSWORD, PRIVATE_KEY, STACK, answer, token_of
from tests.graph.recording import Graph, is_secret, public_text, record
from tests.graph.test_order import WORKERS, commands, step

SECRETS = {
    "password": PASSWORD,
    "private key": PRIVATE_KEY,
    "kubeconfig": KUBECONFIG,
    **{f"token of {worker}": token_of(worker) for worker in WORKERS},
}


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_never_stands_in_a_plain_input(graph: Graph, name: str) -> None:
    assert [resource.name for resource in graph if SECRETS[name] in public_text(dict(resource.inputs))] == []


@pytest.mark.parametrize("name", [name for name in SECRETS if name != "kubeconfig"])
def test_a_secret_does_reach_those_that_need_it(graph: Graph, name: str) -> None:
    assert [resource.name for resource in graph if SECRETS[name] in str(resource.inputs)]


def test_no_command_line_carries_a_secret(graph: Graph) -> None:
    for command in commands(graph):
        lines = [command.plain(name) for name in ("create", "update", "delete") if command.inputs.get(name)]
        assert len(lines) >= 2
        assert not [value for value in SECRETS.values() for line in lines if value in line], command.name


@pytest.mark.parametrize("worker", WORKERS)
def test_each_worker_joins_with_a_token_of_its_own(graph: Graph, worker: str) -> None:
    joined = step(graph, "60-join-worker.sh", worker)
    assert [other for other in WORKERS if token_of(other) in joined.plain("stdin")] == [worker]
    assert is_secret(joined.inputs["stdin"])


@pytest.mark.parametrize("worker", WORKERS)
def test_a_workers_own_token_is_deleted_when_it_is_admitted(graph: Graph, worker: str) -> None:
    admitted = step(graph, "65-manage-membership.sh", worker)
    assert [other for other in WORKERS if token_of(other) in admitted.plain("stdin")] == [worker]
    assert is_secret(admitted.inputs["stdin"])


def test_a_result_that_is_a_secret_is_kept_as_one_and_not_logged(graph: Graph) -> None:
    secret = {command.name for command in commands(graph) if "stdout" in command.secret_outputs}
    assert secret >= {"cp1-init", *(f"{worker}-mint-token" for worker in WORKERS)}
    for command in commands(graph):
        if command.name in secret:
            assert command.plain("logging") in ("stderr", "none"), command.name


def test_a_step_that_is_given_a_secret_does_not_log_its_result(graph: Graph) -> None:
    given = [command for command in commands(graph) if is_secret(command.inputs["stdin"])]
    assert given
    assert not [command.name for command in given if command.plain("logging") not in ("stderr", "none")]


def test_the_kubeconfig_is_exported_as_a_secret(config: LabConfig) -> None:
    def program() -> None:
        pulumi.export("kubeconfig", Lab(config.stack, config, PASSWORD).kubeconfig)

    exported = record(program, answer, stack=STACK).outputs["kubeconfig"]
    assert is_secret(exported)
    assert exported["value"] == KUBECONFIG
