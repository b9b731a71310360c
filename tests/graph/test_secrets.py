"""A secret has one road: secret inputs and outputs, never a command line, a log or the plain state."""

import base64
import re

import pulumi
import pytest

from components.lab import Lab
from components.vsphere import MachineProvider
from config import LabConfig
from tests.graph.conftest import (
    KUBECONFIG,
    PASSWORD,
    PRIVATE_KEY,
    REGISTRY_PASSWORD,
    answer,
    certificate_of,
    passwords_of,
    public_key_of,
)
from tests.graph.recording import Graph, is_secret, public_text, record
from tests.graph.test_order import commands, step
from tests.graph.test_steps import given, install_step

SECRETS = {
    "password": PASSWORD,
    "private key": PRIVATE_KEY,
    "kubeconfig": KUBECONFIG,
    "password of a registry": REGISTRY_PASSWORD,
    "login of a registry": base64.b64encode(f"puller:{REGISTRY_PASSWORD}".encode()).decode(),
}
# The kubeconfig is nobody's input, and a registry's password reaches a node as its login alone.
REACHING = sorted(SECRETS.keys() - {"kubeconfig", "password of a registry"})


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_never_stands_in_a_plain_input(graph_with_logins: Graph, name: str) -> None:
    plain = [each.name for each in graph_with_logins if SECRETS[name] in public_text(dict(each.inputs))]
    assert plain == []


@pytest.mark.parametrize("name", REACHING)
def test_a_secret_does_reach_those_that_need_it(graph_with_logins: Graph, name: str) -> None:
    assert [resource.name for resource in graph_with_logins if SECRETS[name] in str(resource.inputs)]


def test_no_command_line_carries_a_secret(graph_with_logins: Graph) -> None:
    for command in commands(graph_with_logins):
        lines = [command.plain(name) for name in ("create", "update", "delete") if command.inputs.get(name)]
        assert len(lines) >= 2
        assert not [value for value in SECRETS.values() for line in lines if value in line], command.name


def test_a_registrys_login_is_given_to_the_installation_of_a_runtime_alone(
    graph_with_logins: Graph, config: LabConfig
) -> None:
    login = SECRETS["login of a registry"]
    told = {command.name for command in commands(graph_with_logins) if login in command.plain("stdin")}
    assert told == {f"{node.name}-install-{node.runtime}" for node in config.nodes}
    for node in config.nodes:
        installed = install_step(graph_with_logins, config, node.name)
        assert is_secret(installed.inputs["stdin"])
        assert installed.plain("logging") == "stderr"
        assert re.search(r"^=== 0600 \d+ /", given(installed, "FILES"), re.MULTILINE)


def test_without_logins_the_installation_of_a_runtime_is_readable_in_a_preview(graph: Graph, config: LabConfig) -> None:
    for node in config.nodes:
        installed = install_step(graph, config, node.name)
        assert not is_secret(installed.inputs["stdin"])
        assert installed.plain("logging") == "stdoutAndStderr"


@pytest.mark.case("C3")
def test_each_worker_joins_by_what_the_cluster_signed_for_its_own_host_key(graph: Graph, workers: list[str]) -> None:
    for worker in workers:
        admitted, joined = (step(graph, f"{file}.sh", worker) for file in ("50-manage-membership", "60-join-worker"))
        assert given(admitted, "WORKER_KEY") == public_key_of(f"{worker}-host-key").removesuffix(" comment")
        assert given(joined, "CERTIFICATE") == certificate_of(worker)


@pytest.mark.case("C3")
def test_nothing_that_a_worker_joins_by_is_a_secret(graph: Graph, workers: list[str]) -> None:
    for worker in workers:
        for file in ("30-install-kubernetes.sh", "50-manage-membership.sh", "60-join-worker.sh"):
            assert not is_secret(step(graph, file, worker).inputs["stdin"])
            assert "stdout" not in step(graph, file, worker).secret_outputs


def test_a_result_that_is_a_secret_is_kept_as_one_and_not_logged(graph: Graph) -> None:
    secret = {command.name for command in commands(graph) if "stdout" in command.secret_outputs}
    assert secret >= {"cp1-certificates"}
    for command in commands(graph):
        if command.name in secret:
            assert command.plain("logging") in ("stderr", "none"), command.name


def test_a_step_that_is_given_a_secret_does_not_log_its_result(graph_with_logins: Graph) -> None:
    told = [command for command in commands(graph_with_logins) if is_secret(command.inputs["stdin"])]
    assert told
    assert not [command.name for command in told if command.plain("logging") not in ("stderr", "none")]


@pytest.mark.case("C17")
def test_the_birth_of_a_cluster_is_no_secret_so_that_a_renewal_can_be_read(graph: Graph) -> None:
    assert "stdout" not in step(graph, "40-init-control-plane.sh", "cp1").secret_outputs
    assert not is_secret(step(graph, "41-renew-certificates.sh", "cp1").inputs["stdin"])


def test_the_facts_of_a_node_are_no_secret_so_that_a_difference_can_be_read(graph: Graph) -> None:
    inspected = [command for command in commands(graph) if command.name.endswith("-inspect")]
    assert inspected
    assert not [command.name for command in inspected if "stdout" in command.secret_outputs]


def test_the_kubeconfig_is_an_output_of_the_cluster_and_a_secret(config: LabConfig) -> None:
    """It is never merged into a file of the user's, where a stale one would name an unknown authority."""

    def program() -> None:
        pulumi.export("kubeconfig", Lab(config.stack, config, MachineProvider(config, passwords_of(config))).kubeconfig)

    exported = record(program, answer, stack=config.stack).outputs["kubeconfig"]
    assert is_secret(exported)
    assert exported["value"] == KUBECONFIG
