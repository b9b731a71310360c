"""Machines that exist: the same steps above them, and nothing of a hypervisor."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from components.step import render_stdin
from components.steps.node import reset
from config import LabConfig
from tests.graph.conftest import PROJECT, Declared, changed, loaded, previewed, registered, shipped, site
from tests.graph.recording import Graph, is_secret, public_text
from tests.graph.test_order import COMMAND, MACHINE, commands, preparation, script_of, scripts_before, step
from tests.graph.test_program import Lines, run
from tests.graph.test_state_size import PER_NODE, packed

EXISTING = "kubelab:index:ExistingMachine"
ADDRESSES = {"cp1": "10.87.0.5", "w1": "10.87.0.6", "w2": "10.87.0.7", "w3": "10.87.0.8"}


def host_key_of(_: str) -> str:
    key = Ed25519PrivateKey.generate().public_key()
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


HOST_KEYS = {name: host_key_of(name) for name in ADDRESSES}


def existing(*names: str, **added: object) -> Declared:
    """Machines of these names, as a site file has them."""
    machines = {name: {"address": ADDRESSES[name], "hostKey": HOST_KEYS[name]} for name in names}
    return {"user": "admin", "privateKeyFile": "id_ed25519", "machines": machines, **added}


@pytest.fixture(scope="module")
def user_key(site_folder: Path) -> str:
    """The private key that the site names."""
    private = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    file = site_folder / "id_ed25519"
    file.touch(mode=0o600)
    file.write_bytes(private)
    return private.decode()


def on_site(folder: Path, file: str, declared: Declared, platform: Declared, *, network: bool) -> LabConfig:
    written = site()
    written["platform"] = platform
    if not network:
        del written["addresses"]
    (folder / file).write_text(yaml.safe_dump(written))
    return loaded("mixed", declared, folder / file)


@pytest.fixture(scope="module")
def all_exist(site_folder: Path, user_key: str) -> LabConfig:
    """The mixed stack on four machines that exist."""
    assert user_key
    platform = {"existing": existing(*ADDRESSES)}
    return on_site(site_folder, "existing.yaml", shipped("mixed"), platform, network=False)


@pytest.fixture(scope="module")
def graph(all_exist: LabConfig) -> Graph:
    return registered(all_exist)


@pytest.fixture(scope="module")
def partly(site_folder: Path, user_key: str) -> Graph:
    """The mixed stack of which the control plane exists."""
    assert user_key
    platform = {**site()["platform"], "existing": existing("cp1")}
    return registered(on_site(site_folder, "partly.yaml", shipped("mixed"), platform, network=True))


def test_the_steps_are_those_of_made_machines_and_nothing_of_a_hypervisor_is_there(
    graph: Graph, lab: Callable[..., Graph]
) -> None:
    made = lab()
    placed = {f"{name}-place-files" for name in ADDRESSES}
    assert {each.name for each in commands(graph)} == {each.name for each in commands(made)} | placed
    assert len(list(graph)) <= len(list(made))
    assert {each.type for each in made} - {each.type for each in graph} == {
        *(MACHINE, "kubelab:index:Image", "kubelab:index:SshKeyPair", "kubelab:machine:Machine"),
    }
    assert {each.name for each in graph.of_type(EXISTING)} == set(ADDRESSES)


def test_no_host_is_logged_in_to(graph: Graph) -> None:
    (provider,) = graph.of_type("pulumi:providers:kubelab")
    assert (provider.plain("server"), provider.plain("password")) == (None, None)
    assert provider.plain("owner") == "kubelab/mixed"
    assert provider.plain("controlPlanes") == "cp1"
    assert all(provider.urn in each.provider for each in graph.of_type(EXISTING))


def test_every_step_verifies_the_declared_host_key_and_logs_in_by_the_declared_key(graph: Graph, user_key: str) -> None:
    for command in commands(graph):
        known = command.plain("connection")
        name = next(name for name, address in ADDRESSES.items() if address == known["host"])
        assert known["hostKey"] == HOST_KEYS[name]
        assert (known["user"], known["port"], known["privateKey"]) == ("admin", 22, user_key)


def test_the_private_key_is_a_secret_wherever_it_stands(graph: Graph) -> None:
    for machine in graph.of_type(EXISTING):
        assert is_secret(machine.inputs["privateKey"])
    assert not [each.name for each in graph if "PRIVATE KEY" in public_text(dict(each.inputs))]


def test_a_node_is_prepared_once_its_machine_is_known_and_lives_with_it(graph: Graph) -> None:
    for name in ADDRESSES:
        machine = graph.named(EXISTING, name)
        for command in preparation(graph, name):
            assert machine.urn in graph.before(command), command.name
            assert command.deleted_with == machine.urn
        assert step(graph, "00-preflight.sh", name).plain("triggers")[0] == f"{name}-id"


def test_nothing_asks_a_machine_that_was_installed_anew_for_what_was_on_it(graph: Graph) -> None:
    """Pitfall: a step's removal dials with the former host key, and nothing goes on."""
    removals = {each.name for each in commands(graph) if each.plain("delete")}
    assert removals == {f"{name}-membership" for name in ("w1", "w2", "w3")}


def test_what_is_run_when_a_machine_is_left_is_the_whole_reset(graph: Graph, all_exist: LabConfig) -> None:
    for node in all_exist.nodes:
        machine = graph.named(EXISTING, node.name)
        assert "05-reset-node.sh" in machine.plain("removalCommand")
        assert machine.plain("removalCommand").partition(" || ")[0].endswith("bash -s -- remove")
        assert machine.plain("removalInput") == render_stdin("05-reset-node.sh", reset.environment(node, "admin"))


def test_a_worker_is_left_and_known_anew_for_another_runtime_and_a_control_plane_never(graph: Graph) -> None:
    triggers = {each.name: each.plain("replaceTriggers") for each in graph.of_type(EXISTING)}
    assert triggers == {name: {"runtime": runtime} if name != "cp1" else {} for name, runtime in RUNTIMES.items()}
    holds = {each.name: each.plain("holds") for each in graph.of_type(EXISTING)}
    assert "etcd" in holds.pop("cp1")
    assert set(holds.values()) == {None}


RUNTIMES = {"cp1": "containerd", "w1": "docker", "w2": "containerd", "w3": "crio"}


def test_the_program_asks_for_no_password_and_gives_addresses_out(all_exist: LabConfig, site_folder: Path) -> None:
    assert all_exist.site.vsphere == ()
    said = Lines()
    settings = {**shipped("mixed"), "site": os.path.relpath(site_folder / "existing.yaml", PROJECT / "stacks")}
    outputs = run(settings, said).outputs
    assert said.errors == []
    assert outputs["apiEndpoint"] == "10.87.0.5:6443"
    assert [node["address"] for node in outputs["nodes"]] == list(ADDRESSES.values())


def test_what_each_step_is_given_is_known_in_a_preview_of_machines_never_seen(all_exist: LabConfig) -> None:
    seen = previewed(all_exist, ())
    for file, name in (("00-preflight.sh", "w1"), ("40-init-control-plane.sh", "cp1")):
        assert f"NODE_ADDRESS={ADDRESSES[name]}\n" in step(seen, file, name).plain("stdin")


def test_a_preflight_knows_that_its_machine_was_found(graph: Graph, partly: Graph) -> None:
    assert "MACHINE=existing\n" in step(graph, "00-preflight.sh", "w1").plain("stdin")
    assert "MACHINE=existing\n" in step(partly, "00-preflight.sh", "cp1").plain("stdin")
    assert "MACHINE_NETWORK=10.87.0.0/24\n" in step(partly, "00-preflight.sh", "cp1").plain("stdin")
    assert "MACHINE=made\n" in step(partly, "00-preflight.sh", "w1").plain("stdin")


def test_the_state_of_machines_that_exist_is_no_larger(graph: Graph) -> None:
    assert packed(graph) / len(ADDRESSES) < PER_NODE


def test_some_may_exist_and_others_be_made_in_one_lab(partly: Graph) -> None:
    assert [each.name for each in partly.of_type(EXISTING)] == ["cp1"]
    assert sorted(each.name for each in partly.of_type(MACHINE)) == ["w1", "w2", "w3"]
    joined = {name for _, name in scripts_before(partly, step(partly, "60-join-worker.sh", "w1"))}
    assert {"cp1-init", "w1-install-kubernetes"} <= joined
    (provider,) = partly.of_type("pulumi:providers:kubelab")
    assert (provider.plain("controlPlanes"), provider.plain("existingControlPlanes")) == ("cp1", "cp1")
    assert all(provider.urn in each.provider for each in (*partly.of_type(EXISTING), *partly.of_type(MACHINE)))


def test_an_old_installation_is_removed_first_where_that_is_declared(site_folder: Path, user_key: str) -> None:
    assert user_key
    declared = changed({"w1": {"cleanInstall": True}}, {})
    config = on_site(site_folder, "clean.yaml", declared, {"existing": existing(*ADDRESSES)}, network=False)
    resets = [each.name for each in registered(config).of_type(COMMAND) if script_of(each) == "05-reset-node.sh"]
    assert resets == ["w1-reset"]
