"""kubeadm's documents, compared with golden files: what a review of a change sees."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from components import kubeadm
from config import SiteConfig
from tests.unit.components.labs import CLUSTER, CONTROL_PLANE, SITE, WORKERS

GOLDEN = Path(__file__).parent / "golden"
# What the embedded lab passes through.
PASSTHROUGH = replace(
    SITE,
    kubelet={"failCgroupV1": False},
    kube_proxy={"conntrack": {"maxPerCore": 0, "min": 0}},
    ignore_preflight_errors=("SystemVerification",),
)
ADDRESS = "10.87.0.10"


def init(site: SiteConfig = SITE) -> str:
    return kubeadm.init_documents(CLUSTER, site, CONTROL_PLANE, ADDRESS)


def by_kind(text: str) -> Mapping[str, Mapping[str, Any]]:
    return {document["kind"]: document for document in yaml.safe_load_all(text)}


@pytest.mark.parametrize(("site", "golden"), [(SITE, "init.yaml"), (PASSTHROUGH, "init-passthrough.yaml")])
def test_the_documents_of_init_are_as_reviewed(site: SiteConfig, golden: str) -> None:
    assert init(site) == (GOLDEN / golden).read_text()


def test_the_document_of_a_join_is_as_reviewed() -> None:
    token, key = "abcdef.0123456789abcdef", f"sha256:{'0' * 64}"
    text = kubeadm.join_document(SITE, WORKERS[0], "10.87.0.11", kubeadm.api_endpoint(ADDRESS), token, key)
    assert text == (GOLDEN / "join.yaml").read_text()


def test_init_and_join_speak_the_same_api() -> None:
    goldens = [by_kind((GOLDEN / name).read_text()) for name in ("init.yaml", "join.yaml")]
    documents = [document for golden in goldens for kind, document in golden.items() if not kind.startswith("Kube")]
    assert {document["apiVersion"] for document in documents} == {"kubeadm.k8s.io/v1beta4"}


def test_the_kubelet_always_follows_systemds_cgroups() -> None:
    for kubelet in ({}, {"cgroupDriver": "cgroupfs"}):
        documents = by_kind(init(replace(SITE, kubelet=kubelet)))
        assert documents["KubeletConfiguration"]["cgroupDriver"] == "systemd"


def test_a_node_names_its_one_container_runtime_and_its_own_address() -> None:
    registration = by_kind(init())["InitConfiguration"]["nodeRegistration"]
    assert registration["criSocket"] == "unix:///run/containerd/containerd.sock"
    assert {"name": "node-ip", "value": ADDRESS} in registration["kubeletExtraArgs"]


def test_values_that_look_like_other_types_stay_text() -> None:
    node = replace(CONTROL_PLANE, name="no")
    documents = by_kind(kubeadm.init_documents(replace(CLUSTER, dns_domain="1.10"), SITE, node, ADDRESS))
    assert documents["InitConfiguration"]["nodeRegistration"]["name"] == "no"
    assert documents["ClusterConfiguration"]["networking"]["dnsDomain"] == "1.10"
