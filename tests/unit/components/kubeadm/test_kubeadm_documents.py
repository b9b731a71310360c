"""kubeadm's documents, compared with golden files: what a review of a change sees."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.runtimes import RUNTIMES
from components.steps.cluster import kubeadm
from components.steps.node import kubelet
from config import ClusterConfig, ExtraArg, NodeConfig, SiteConfig, Taint
from config.passthrough import KUBE_PROXY_MODES
from tests.unit.components.labs import CLUSTER, CONTROL_PLANE, SITE, WORKERS

GOLDEN = Path(__file__).parent / "golden"
ADDRESS = "10.87.0.10"
SOCKET = RUNTIMES["containerd"].cri_socket
EACH_RUNTIME = pytest.mark.parametrize("runtime", sorted(RUNTIMES))

# What the embedded lab passes through.
PASSTHROUGH = (
    replace(CLUSTER, kube_proxy={"mode": "iptables", "conntrack": {"maxPerCore": 0, "min": 0}}),
    replace(SITE, ignore_preflight_errors=("SystemVerification",)),
)
# Everything that a user may set.
SETTINGS = (
    replace(
        CLUSTER,
        kube_proxy={"mode": "nftables"},
        cert_sans=("k8s.lab", "203.0.113.5"),
        api_server_extra_args=(ExtraArg("audit-log-path", "-"), ExtraArg("v", "4"), ExtraArg("v", "5")),
        controller_manager_extra_args=(ExtraArg("concurrent-gc-syncs", "5"),),
        scheduler_extra_args=(ExtraArg("v", "2"),),
        etcd_extra_args=(ExtraArg("quota-backend-bytes", "1073741824"),),
    ),
    SITE,
)


def init(
    cluster: ClusterConfig = CLUSTER,
    site: SiteConfig = SITE,
    node: NodeConfig = CONTROL_PLANE,
) -> str:
    return kubeadm.init_documents(cluster, site, node, ADDRESS)


def join(node: NodeConfig = WORKERS[0]) -> str:
    return kubeadm.join_document(SITE, node, "10.87.0.11")


def identity(cluster: ClusterConfig = CLUSTER, address: str = ADDRESS) -> str:
    return kubeadm.identity(cluster, address)


def by_kind(text: str) -> Mapping[str, Mapping[str, Any]]:
    return {document["kind"]: document for document in yaml.safe_load_all(text)}


@pytest.mark.parametrize(
    ("declared", "golden"),
    [((CLUSTER, SITE), "init.yaml"), (PASSTHROUGH, "init-passthrough.yaml"), (SETTINGS, "init-settings.yaml")],
    ids=["defaults", "embedded lab", "all settings"],
)
def test_the_documents_of_init_are_as_reviewed(declared: tuple[ClusterConfig, SiteConfig], golden: str) -> None:
    assert init(*declared) == (GOLDEN / golden).read_text()


def test_the_document_of_a_join_is_as_reviewed() -> None:
    assert join() == (GOLDEN / "join.yaml").read_text()


def test_a_worker_registers_with_its_taints_so_that_no_pod_comes_before_them() -> None:
    taints = (Taint("dedicated", "database", "NoSchedule"), Taint("slow", "", "NoExecute"))
    registration = yaml.safe_load(join(replace(WORKERS[0], taints=taints)))["nodeRegistration"]
    assert registration["taints"] == [
        {"key": "dedicated", "value": "database", "effect": "NoSchedule"},
        {"key": "slow", "effect": "NoExecute"},
    ]


def test_a_control_plane_registers_with_kubeadms_own_taint_whatever_is_declared() -> None:
    """A running one is not changed by it: its taints are kept by the step of all nodes."""
    declared = replace(CONTROL_PLANE, taints=(Taint("a", "", "NoSchedule"),), schedulable=True)
    assert init(node=declared) == init()


def test_what_a_cluster_keeps_for_its_life_is_as_reviewed() -> None:
    assert identity() == (GOLDEN / "identity.yaml").read_text()


def test_init_and_join_speak_the_same_api() -> None:
    documents = [*by_kind(init()).values(), *by_kind(join()).values()]
    of_kubeadm = [document for document in documents if not document["kind"].startswith("Kube")]
    assert len(of_kubeadm) == 3
    assert {document["apiVersion"] for document in of_kubeadm} == {"kubeadm.k8s.io/v1beta4"}


def test_the_kubelet_always_follows_systemds_cgroups() -> None:
    assert by_kind(init())["KubeletConfiguration"]["cgroupDriver"] == "systemd"


def test_the_settings_of_one_nodes_kubelet_are_no_other_nodes() -> None:
    """kubeadm gives every node the cluster's KubeletConfiguration; what is a node's own is its patch."""
    node = replace(CONTROL_PLANE, kubelet={"maxPods": 30})
    assert init(node=node) == init()


@pytest.mark.parametrize("text", [init(), join()], ids=["init", "join"])
def test_kubeadm_is_told_the_folder_of_the_nodes_patches(text: str) -> None:
    (document,) = [each for each in by_kind(text).values() if "patches" in each]
    assert kubelet.patch({}).path.startswith(f"{document['patches']['directory']}/")


@EACH_RUNTIME
def test_init_and_join_always_name_the_one_socket(runtime: str) -> None:
    socket = RUNTIMES[runtime].cri_socket
    first, worker = replace(CONTROL_PLANE, runtime=runtime), replace(WORKERS[0], runtime=runtime)
    for text, kind in ((init(node=first), "InitConfiguration"), (join(worker), "JoinConfiguration")):
        assert by_kind(text)[kind]["nodeRegistration"]["criSocket"] == socket


def test_the_kubelet_gets_its_own_address_and_no_flag_of_a_runtime() -> None:
    registration = by_kind(init())["InitConfiguration"]["nodeRegistration"]
    assert registration["kubeletExtraArgs"] == [{"name": "node-ip", "value": ADDRESS}]


@pytest.mark.parametrize("mode", [*KUBE_PROXY_MODES, "ipvs"])
def test_kube_proxy_has_the_declared_mode(mode: str) -> None:
    cluster = replace(CLUSTER, kube_proxy={"mode": mode, "conntrack": {"min": 0}})
    document = by_kind(init(cluster))["KubeProxyConfiguration"]
    assert (document["mode"], document["conntrack"]) == (mode, {"min": 0})


def test_an_argument_that_is_given_twice_reaches_its_component_twice() -> None:
    arguments = by_kind(init(*SETTINGS))["ClusterConfiguration"]["apiServer"]["extraArgs"]
    assert [each["value"] for each in arguments if each["name"] == "v"] == ["4", "5"]


def test_a_component_without_settings_is_left_to_kubeadm() -> None:
    assert not {"apiServer", "scheduler", "etcd"} & set(by_kind(init())["ClusterConfiguration"])


@pytest.mark.case("C17")
def test_certificates_of_kubelets_are_valid_as_long_as_the_others() -> None:
    """A lab that was off for a year comes back: its kubelets could not renew them meanwhile."""
    document = by_kind(init(replace(CLUSTER, certificate_hours=1000)))["ClusterConfiguration"]
    assert document["certificateValidityPeriod"] == "1000h"
    signing = {"name": "cluster-signing-duration", "value": "1000h"}
    assert document["controllerManager"]["extraArgs"] == [signing]


def test_a_declared_duration_of_signing_is_kept() -> None:
    own = ExtraArg("cluster-signing-duration", "48h")
    document = by_kind(init(replace(CLUSTER, controller_manager_extra_args=(own,))))["ClusterConfiguration"]
    assert document["controllerManager"]["extraArgs"] == [{"name": own.name, "value": own.value}]


def test_names_in_the_certificate_need_no_argument_beside_them() -> None:
    cluster = replace(CLUSTER, cert_sans=("k8s.lab",))
    assert by_kind(init(cluster))["ClusterConfiguration"]["apiServer"] == {"certSANs": ["k8s.lab"]}


def test_etcd_with_a_setting_keeps_its_data_where_kubeadm_has_them() -> None:
    cluster = replace(CLUSTER, etcd_extra_args=(ExtraArg("quota-backend-bytes", "1"),))
    assert by_kind(init(cluster))["ClusterConfiguration"]["etcd"]["local"]["dataDir"] == "/var/lib/etcd"


@pytest.mark.parametrize(
    "other",
    [
        identity(replace(CLUSTER, pod_subnet="10.9.0.0/16")),
        identity(replace(CLUSTER, service_subnet="10.250.0.0/16")),
        identity(replace(CLUSTER, dns_domain="lab.internal")),
        identity(replace(CLUSTER, kubernetes_version="1.37.0")),
        identity(address="10.87.0.99"),
    ],
    ids=["pods", "services", "domain", "version", "address"],
)
def test_what_cannot_change_while_a_cluster_lives_is_in_its_identity(other: str) -> None:
    pairs = zip(identity().splitlines(), other.splitlines(), strict=True)
    assert len([ours for ours, theirs in pairs if ours != theirs]) == 1


def test_what_can_change_while_a_cluster_lives_is_not_in_its_identity() -> None:
    assert identity(SETTINGS[0]) == identity()
    assert identity(replace(CLUSTER, control_plane_endpoint="api.lab.test:6443")) == identity()


def test_the_identity_is_what_init_was_told() -> None:
    documents, kept = by_kind(init()), yaml.safe_load(identity())
    assert kept.pop("advertiseAddress") == documents["InitConfiguration"]["localAPIEndpoint"]["advertiseAddress"]
    told = documents["ClusterConfiguration"]
    assert kept == {key: value for key, value in told.items() if key in ("kubernetesVersion", "networking")}


@pytest.mark.parametrize(
    ("declared", "endpoint"),
    [(None, f"{ADDRESS}:6443"), ("api.lab.test:443", "api.lab.test:443"), ("10.87.0.5:6443", "10.87.0.5:6443")],
)
def test_the_cluster_is_asked_at_the_declared_endpoint_or_at_its_first_node(
    declared: str | None, endpoint: str
) -> None:
    cluster = replace(CLUSTER, control_plane_endpoint=declared)
    assert by_kind(init(cluster))["ClusterConfiguration"]["controlPlaneEndpoint"] == endpoint
    assert by_kind(init(cluster))["InitConfiguration"]["localAPIEndpoint"]["advertiseAddress"] == ADDRESS
    assert kubeadm.endpoint(cluster, ADDRESS) == endpoint


def test_values_that_look_like_other_types_stay_text() -> None:
    node = replace(CONTROL_PLANE, name="no")
    cluster = replace(CLUSTER, dns_domain="1.10", scheduler_extra_args=(ExtraArg("v", "2"),))
    documents = by_kind(init(cluster, node=node))
    assert documents["InitConfiguration"]["nodeRegistration"]["name"] == "no"
    assert documents["ClusterConfiguration"]["networking"]["dnsDomain"] == "1.10"
    assert documents["ClusterConfiguration"]["scheduler"]["extraArgs"][0]["value"] == "2"
