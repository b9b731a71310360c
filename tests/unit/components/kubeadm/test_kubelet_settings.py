"""The kubelet's settings of one node: the patch that kubeadm merges, and what a runtime has to know of them."""

import pytest
import yaml
from pydantic import JsonValue

from components.guest_file import render_files
from components.runtimes import RUNTIMES
from components.steps.node import kubelet
from config.passthrough import merged
from tests.unit.components import labs

SITE: dict[str, JsonValue] = {"maxPods": 100, "featureGates": {"NodeSwap": False, "SidecarContainers": True}}
CLUSTER: dict[str, JsonValue] = {"maxPods": 60, "featureGates": {"NodeSwap": True}}
NODE: dict[str, JsonValue] = {"maxPods": 30, "evictionHard": {"nodefs.available": "5%"}}


def test_a_node_stands_over_its_cluster_and_the_cluster_over_its_site() -> None:
    assert merged(SITE)["maxPods"] == 100
    assert merged(SITE, CLUSTER)["maxPods"] == 60
    assert merged(SITE, CLUSTER, NODE)["maxPods"] == 30


def test_feature_gates_are_merged_gate_by_gate() -> None:
    assert merged(SITE, CLUSTER, NODE)["featureGates"] == {"NodeSwap": True, "SidecarContainers": True}


def test_any_other_setting_is_replaced_as_a_whole() -> None:
    settings = merged({"evictionHard": {"memory.available": "100Mi"}}, NODE)
    assert settings["evictionHard"] == {"nodefs.available": "5%"}


def test_what_a_runtime_needs_of_the_kubelet_is_added_to_the_gates_of_the_user() -> None:
    settings = merged(SITE, CLUSTER, RUNTIMES["docker"].kubelet)
    assert settings["featureGates"] == {"NodeSwap": True, "SidecarContainers": True, "ExtendWebSocketsToKubelet": False}


def test_nothing_that_is_merged_is_changed_itself() -> None:
    gates: dict[str, JsonValue] = {"NodeSwap": False}
    merged({"featureGates": gates}, CLUSTER)
    assert gates == {"NodeSwap": False}


def test_settings_without_gates_get_none() -> None:
    assert merged({"maxPods": 60}, {}) == {"maxPods": 60}


def test_the_patch_lies_where_kubeadm_is_told_and_has_the_name_that_it_merges() -> None:
    """kubeadm: a patch is named by its target and its kind of patch; it also outlives kubeadm upgrade."""
    file = kubelet.patch({})
    assert file.path == f"{kubelet.PATCHES}/kubeletconfiguration+merge.yaml"
    assert render_files([file])


def test_the_patch_is_a_document_of_the_kubelet_with_just_the_settings() -> None:
    document = yaml.safe_load(kubelet.patch(NODE).text)
    assert document == {"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration", **NODE}


def test_a_value_that_looks_like_another_type_keeps_its_own() -> None:
    settings: dict[str, JsonValue] = {"clusterDomain": "1.10", "maxPods": 30, "failSwapOn": False, "address": "no"}
    assert yaml.safe_load(kubelet.patch(settings).text).items() >= settings.items()


def test_log_limits_are_the_kubelets_own_where_none_is_written() -> None:
    assert kubelet.log_limits({}) == (10 * 1024**2, 5)


@pytest.mark.parametrize(
    ("size", "in_bytes"),
    [
        ("1048576", 1048576),
        ("10Mi", 10 * 1024**2),
        ("1.5Gi", 3 * 512 * 1024**2),
        ("50M", 50_000_000),
        ("100k", 100_000),
        ("1e6", 1_000_000),
        ("1Ei", 1024**6),
        ("2E", 2 * 10**18),
    ],
)
def test_a_log_size_is_a_quantity_of_kubernetes(size: str, in_bytes: int) -> None:
    assert kubelet.log_limits({"containerLogMaxSize": size, "containerLogMaxFiles": 3}) == (in_bytes, 3)


@pytest.mark.parametrize("size", ["", "Mi", "10 MB", "10mi", "-10Mi", "0", "ten", "10Ki Mi", "NaN", "Infinity"])
def test_a_log_size_that_is_none_is_refused_by_its_text(size: str) -> None:
    with pytest.raises(ValueError, match="is not a size such as 10Mi") as refusal:
        kubelet.log_limits({"containerLogMaxSize": size})
    assert repr(size) in str(refusal.value)


@pytest.mark.parametrize(("minor", "gates"), [("1.35", {}), ("1.36", {"ExtendWebSocketsToKubelet": False})])
def test_a_kubelet_is_given_no_gate_of_its_runtime_that_it_does_not_know(minor: str, gates: dict[str, bool]) -> None:
    """It would not start with one: the gate that docker's needs came with 1.36."""
    assert kubelet.settings(labs.node("w1", runtime="docker"), minor).get("featureGates", {}) == gates
