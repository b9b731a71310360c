"""Files of nodes and of the control plane's components: where they go, and that those which are secrets are kept so."""

from pathlib import Path

import pytest
import yaml

from tests.graph.changes import Lab, replaced
from tests.graph.conftest import loaded, registered, shipped, site
from tests.graph.recording import Graph, is_secret, public_text
from tests.graph.test_order import commands, step, waits_for
from tests.graph.test_steps import given

POLICY = "kind: Policy of the test"
AUDIT = {
    "extraArgs": [
        {"name": "audit-policy-file", "value": "/etc/kubernetes/kube-apiserver/audit.yaml"},
        {"name": "audit-log-path", "value": "/var/log/kubernetes/audit.log"},
    ],
    "files": {"audit.yaml": {"content": POLICY}},
}
TOKEN = "a secret of the test"


def changed(before: Graph, after: Graph) -> set[str]:
    """The commands that are new or given something else."""
    former = {command.name: command.plain("stdin") for command in commands(before)}
    return {each.name for each in commands(after) if each.plain("stdin") != former.get(each.name)}


@pytest.mark.case("D17")
def test_files_of_components_are_written_before_the_init_that_names_them(lab: Lab) -> None:
    graph = lab(apiServer=AUDIT)
    written = step(graph, "35-write-component-files.sh", "cp1")
    init = step(graph, "40-init-control-plane.sh", "cp1")
    assert waits_for(graph, written, step(graph, "30-install-kubernetes.sh", "cp1"))
    assert waits_for(graph, init, written)
    assert changed(lab(), graph) == {"cp1-component-files", "cp1-init"}
    assert replaced(lab(), graph) == set()
    assert given(init, "COMPONENT_FILES") == "/etc/kubernetes/kube-apiserver/audit.yaml"


@pytest.mark.case("D17")
def test_what_files_of_components_hold_is_always_a_secret(lab: Lab) -> None:
    graph = lab(apiServer=AUDIT)
    assert [each.name for each in graph if POLICY in public_text(dict(each.inputs))] == []
    assert [each.name for each in graph if POLICY in str(each.inputs)] == ["cp1-component-files"]
    # What is done with them stays readable.
    assert not is_secret(step(graph, "40-init-control-plane.sh", "cp1").inputs["stdin"])


@pytest.mark.case("D17")
def test_files_and_the_place_of_the_audit_log_are_mounted_for_the_api_server_alone(lab: Lab) -> None:
    documents = yaml.safe_load_all(
        given(step(lab(apiServer=AUDIT), "40-init-control-plane.sh", "cp1"), "KUBEADM_CONFIG")
    )
    (cluster,) = [each for each in documents if each["kind"] == "ClusterConfiguration"]
    mounts = {each["mountPath"]: (each["hostPath"], each["readOnly"]) for each in cluster["apiServer"]["extraVolumes"]}
    assert mounts == {
        "/etc/kubernetes/kube-apiserver": ("/etc/kubernetes/kube-apiserver", True),
        "/var/log/kubernetes": ("/var/log/kubernetes", False),
    }
    assert [name for name in ("controllerManager", "scheduler") if "extraVolumes" in cluster.get(name, {})] == []


@pytest.mark.case("D17")
def test_encryption_of_secrets_is_one_word_and_no_key_is_in_the_state(lab: Lab) -> None:
    graph = lab(secretsEncryption=True)
    init = step(graph, "40-init-control-plane.sh", "cp1")
    assert changed(lab(), graph) == {"cp1-component-files", "cp1-init", "nodes-settle"}
    name = "/etc/kubernetes/kube-apiserver/secrets-encryption.yaml"
    assert f"name: encryption-provider-config\n    value: {name}\n" in given(init, "KUBEADM_CONFIG").replace('"', "")
    assert given(step(graph, "70-settle-nodes.sh", "settle"), "SECRETS_ENCRYPTION") == "true"


def test_files_of_nodes_are_a_step_of_their_nodes_alone_and_are_readable(lab: Lab) -> None:
    everywhere = {"/etc/motd": {"content": "welcome"}, "/etc/profile.d/a.sh": {"content": "a=1"}}
    graph = lab({"w1": {"files": {"/etc/motd": {"content": "w1", "mode": "0600"}}}}, files=everywhere)
    assert changed(lab(), graph) == {f"{node}-place-files" for node in ("cp1", "w1", "w2", "w3")}
    assert replaced(lab(), graph) == set()
    own = given(step(graph, "08-place-files.sh", "w1"), "OWN_FILES")
    assert "=== 0600 1 /etc/motd\nw1\n" in own
    assert "=== 0644 1 /etc/profile.d/a.sh\na=1\n" in own
    assert not is_secret(step(graph, "08-place-files.sh", "w1").inputs["stdin"])


def test_a_node_has_a_step_for_files_only_where_some_are_declared(lab: Lab) -> None:
    graph = lab({"w1": {"files": {"/etc/motd": {"content": "w1"}}}})
    assert changed(lab(), graph) == {"w1-place-files"}


def test_files_are_there_before_anything_asks_for_packages_and_after_a_reset(lab: Lab) -> None:
    graph = lab(files={"/etc/hosts": {"content": "10.0.0.1 proxy"}}, cleanInstall=True)
    for node in ("cp1", "w1"):
        placed = step(graph, "08-place-files.sh", node)
        assert waits_for(graph, placed, step(graph, "05-reset-node.sh", node))
        assert waits_for(graph, step(graph, "10-prepare-os.sh", node), placed)


def test_keys_of_people_are_placed_on_every_node(site_folder: Path) -> None:
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAID1XSsUyd6mejvqH1591uXWJu/HmdnX4n/fXlhSA1zr5 alice@lab"
    file = site_folder / "site-with-keys.yaml"
    file.write_text(yaml.safe_dump(site(ssh={"user": "lab", "authorizedKeys": [key]})))
    graph = registered(loaded("containerd", shipped("containerd"), file))
    for node in ("cp1", "w1", "w2"):
        assert given(step(graph, "08-place-files.sh", node), "AUTHORIZED_KEYS") == key


def test_what_stood_in_the_place_of_files_comes_back_when_the_last_is_declared_no_more(lab: Lab) -> None:
    placed = step(lab({"w1": {"files": {"/etc/motd": {"content": "w1"}}}}), "08-place-files.sh", "w1")
    assert " bash -s -- place " in placed.plain("create")
    assert placed.plain("create") == placed.plain("update")
    assert " bash -s -- remove " in placed.plain("delete")


def test_a_secret_file_of_a_node_is_kept_out_of_previews(lab: Lab) -> None:
    graph = lab({"w1": {"files": {"/etc/token": {"content": TOKEN, "secret": True}}}})
    assert [each.name for each in graph if TOKEN in public_text(dict(each.inputs))] == []
    assert "=== 0600 1 /etc/token" in given(step(graph, "08-place-files.sh", "w1"), "OWN_FILES")
    assert is_secret(step(graph, "08-place-files.sh", "w1").inputs["stdin"])
    # What is done with all else stays readable.
    assert not is_secret(step(graph, "10-prepare-os.sh", "w1").inputs["stdin"])


@pytest.mark.case("D17", "D21")
def test_the_shipped_stack_of_one_node_is_whole_and_needs_no_file_beside_it(site_file: Path) -> None:
    config = loaded("audit", shipped("audit"), site_file)
    graph = registered(config)
    assert config.warnings == ()
    assert [node.name for node in config.nodes] == ["cp1"]
    assert waits_for(
        graph, step(graph, "40-init-control-plane.sh", "cp1"), step(graph, "35-write-component-files.sh", "cp1")
    )
