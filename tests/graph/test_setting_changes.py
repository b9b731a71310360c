"""Other settings and another endpoint: which steps run again, as an engine would decide it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.versions import TRIED
from tests.graph import conftest
from tests.graph.changes import Lab, differing, listed, replaced
from tests.graph.conftest import changed, loaded, moid_of, registered, shipped
from tests.graph.recording import Graph
from tests.graph.test_order import commands, step
from tests.graph.test_steps import given

MEMBERSHIPS = {f"{worker}-membership" for worker in ("w1", "w2", "w3")}


@pytest.mark.case("C18")
def test_the_stacks_name_or_a_declared_one_is_the_clusters_in_kubeconfigs(lab: Lab) -> None:
    before, after = lab(), lab(name="blue")
    for graph, name in ((before, "mixed"), (after, "blue")):
        renewed = step(graph, "41-renew-certificates.sh", "cp1")
        assert given(renewed, "CLUSTER_NAME") == name
        assert f'clusterName: "{name}"\n' in given(renewed, "CLUSTER_DOCUMENTS")
        assert f'clusterName: "{name}"\n' in given(step(graph, "40-init-control-plane.sh", "cp1"), "KUBEADM_CONFIG")
    assert differing(before, after) == {"cp1-init", "cp1-certificates"}
    init = "40-init-control-plane.sh"
    assert given(step(before, init, "cp1"), "IDENTITY") == given(step(after, init, "cp1"), "IDENTITY")
    assert replaced(before, after) == set()


@pytest.mark.case("C17")
def test_another_validity_reaches_certificates_and_credentials_and_replaces_nothing(lab: Lab) -> None:
    before, after = lab(), lab(certificateValidityPeriod="43800h")
    assert differing(before, after) == {"cp1-init", "cp1-certificates", *MEMBERSHIPS}
    assert replaced(before, after) == set()
    documents = given(step(after, "40-init-control-plane.sh", "cp1"), "KUBEADM_CONFIG")
    assert 'certificateValidityPeriod: "43800h"\n' in documents
    assert 'name: "cluster-signing-duration"' in documents.partition("controllerManager:")[2]


@pytest.mark.case("C3", "C17")
@pytest.mark.parametrize(("days", "due"), [(1, "0"), (1000, "0"), (1010, "1"), (2100, "2")])
def test_a_renewal_that_is_due_makes_certificates_and_credentials_anew_and_nothing_else(
    site_file: Path, monkeypatch: pytest.MonkeyPatch, days: int, due: str
) -> None:
    config = loaded("mixed", shipped("mixed"), site_file)
    before = registered(config)
    monkeypatch.setattr(conftest, "BORN", f"{datetime.now(UTC) - timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}")
    after = registered(config)
    assert given(step(after, "41-renew-certificates.sh", "cp1"), "RENEWAL") == due
    assert differing(before, after) == (set() if due == "0" else {"cp1-certificates", *MEMBERSHIPS})
    assert replaced(before, after) == set()


@pytest.mark.case("C19")
def test_another_version_of_kubernetes_meets_every_nodes_first_step(lab: Lab) -> None:
    graph = lab()
    for node in ("cp1", "w1", "w2", "w3"):
        assert given(step(graph, "00-preflight.sh", node), "KUBERNETES_VERSION") == TRIED


def test_settings_of_one_nodes_kubelet_change_that_nodes_packages_alone(lab: Lab) -> None:
    before, after = lab(), lab({"w1": {"kubelet": {"maxPods": 30}}})
    assert differing(before, after) == {"w1-install-kubernetes", "verification"}
    assert replaced(before, after) == set()


def test_a_workers_kubelet_settings_change_only_its_own_install_step(lab: Lab, site_file: Path) -> None:
    """Nor does a preview list more, which knows no result of a step that is still to be run."""
    after = loaded("mixed", changed({"w1": {"kubelet": {"maxPods": 30}}}, {}), site_file)
    # What is compared at the end are the settings themselves.
    assert listed(lab(), after) == {"w1-install-kubernetes", "verification"}


def test_editing_the_script_of_the_packages_lists_that_step_alone(lab: Lab, site_file: Path) -> None:
    edited = {f"{node}-install-kubernetes" for node in ("cp1", "w1", "w2", "w3")}
    assert listed(lab(), loaded("mixed", shipped("mixed"), site_file), edited) == edited


def test_log_limits_of_a_docker_nodes_kubelet_are_its_dockers_too(lab: Lab) -> None:
    graph = lab({"w1": {"kubelet": {"containerLogMaxSize": "20Mi", "containerLogMaxFiles": 3}}})
    files = given(step(graph, "20-install-docker.sh", "w1"), "FILES")
    assert f'"max-size": "{20 * 1024**2}"' in files
    assert '"max-file": "3"' in files


def test_settings_of_the_control_plane_change_its_own_step_alone(lab: Lab) -> None:
    arguments = {"extraArgs": [{"name": "v", "value": "4"}], "certSANs": ["k8s.lab"]}
    before, after = lab(), lab(apiServer=arguments)
    assert differing(before, after) == {"cp1-init"}
    assert replaced(before, after) == set()
    assert given(step(after, "40-init-control-plane.sh", "cp1"), "CERT_SANS") == "k8s.lab"


def test_labels_and_taints_change_the_one_step_of_all_nodes_and_are_readable(lab: Lab) -> None:
    taint = {"key": "dedicated", "value": "database", "effect": "NoSchedule"}
    before, after = lab(), lab({"w1": {"labels": {"disk": "ssd"}, "taints": [taint]}, "cp1": {"schedulable": True}})
    # Whoever joined has its taints from the step of all nodes; its join, run again, changes nothing on a member.
    assert differing(before, after) == {"nodes-settle", "w1-join"}
    assert replaced(before, after) == set()
    wanted = given(step(after, "70-settle-nodes.sh", "settle"), "WANTED").splitlines()
    assert {line for line in wanted if not line.startswith("cp1 ")} == {
        "w1 label disk=ssd",
        "w1 taint dedicated=database:NoSchedule",
    }
    assert "cp1 no-taint node-role.kubernetes.io/control-plane:NoSchedule" in wanted


def test_a_label_alone_runs_no_other_step(lab: Lab) -> None:
    before, after = lab(), lab({"w2": {"labels": {"disk": "ssd"}}})
    assert differing(before, after) == {"nodes-settle"}


def test_a_worker_that_joins_anew_is_settled_anew(lab: Lab) -> None:
    settled = step(lab(), "70-settle-nodes.sh", "settle")
    assert {"w1-membership-id", "cp1-init-id"} <= set(settled.plain("triggers"))


def test_another_endpoint_reaches_the_cluster_and_what_joins_and_drains_nothing(lab: Lab) -> None:
    before, after = lab(), lab(controlPlaneEndpoint="api.lab.test")
    joins = {f"{worker}-join" for worker in ("w1", "w2", "w3")}
    assert differing(before, after) == {"cp1-init", "cp1-certificates", "pod-network-apply", *joins}
    assert replaced(before, after) == set()
    init, join = step(after, "40-init-control-plane.sh", "cp1"), step(after, "60-join-worker.sh", "w1")
    assert given(init, "API_ENDPOINT") == "api.lab.test:6443"
    assert given(init, "IDENTITY") == given(step(before, "40-init-control-plane.sh", "cp1"), "IDENTITY")
    assert given(join, "API_ENDPOINT") == "api.lab.test:6443"
    kustomization = given(step(after, "45-apply-pod-network.sh", "network"), "KUSTOMIZATION")
    assert "api.lab.test" in kustomization


def test_a_control_plane_made_anew_leaves_the_workers_memberships(lab: Lab) -> None:
    graph = lab()
    anew = remade(graph, "cp1")
    assert {"cp1-preflight", "cp1-init", "pod-network-apply", "verification"} <= anew
    assert {name.partition("-")[0] for name in anew} & {"w1", "w2", "w3"} == set()


def remade(graph: Graph, machine: str) -> set[str]:
    """The commands that an engine makes anew once a machine was."""
    changed, found = {moid_of(machine)}, set[str]()
    while new := {each.name for each in commands(graph) if changed & set(map(str, each.plain("triggers")))} - found:
        found |= new
        changed |= {f"{name}-id" for name in new}
    return found


def test_the_mode_of_kube_proxy_is_the_pod_networks_too(lab: Lab) -> None:
    graph = lab(kubeProxy={"mode": "nftables"})
    assert 'mode: "nftables"\n' in given(step(graph, "40-init-control-plane.sh", "cp1"), "KUBEADM_CONFIG")
    applied = step(graph, "45-apply-pod-network.sh", "network")
    assert "true" in given(applied, "KUSTOMIZATION").partition("EnableNFTables")[2].splitlines()[0]
