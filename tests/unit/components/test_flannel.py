"""flannel: what this cluster changes in its manifest, and where that comes from."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest
import yaml

from components.pod_networks.flannel import POD_NETWORK, kustomization
from components.records.pod_network import PodNetworkSettings
from config.lab import PodNetworkConfig
from tests.unit.components.labs import MIRRORED, UPSTREAM

DECLARED = PodNetworkConfig("flannel", "0.28.9", "vxlan", 8472)
SETTINGS = PodNetworkSettings("10.9.0.0/16", "iptables", "10.87.0.10", "6443", DECLARED)


def patches(text: str) -> dict[str, dict[str, Any]]:
    document = yaml.safe_load(text)
    assert document["resources"] == ["manifest.yaml"]
    parsed = [yaml.safe_load(patch["patch"]) for patch in document["patches"]]
    return {patch["kind"]: patch for patch in parsed}


def test_the_pod_network_has_the_clusters_pod_subnet() -> None:
    config = patches(kustomization(SETTINGS))["ConfigMap"]
    assert (config["metadata"]["namespace"], config["metadata"]["name"]) == ("kube-flannel", "kube-flannel-cfg")
    network = json.loads(config["data"]["net-conf.json"])
    assert network["Network"] == "10.9.0.0/16"
    assert network["Backend"]["Type"] == "vxlan"


@pytest.mark.parametrize(("mode", "nftables"), [("iptables", False), ("nftables", True), ("ipvs", False)])
def test_the_pod_networks_rules_are_of_the_same_kind_as_kube_proxys(mode: str, nftables: bool) -> None:
    config = patches(kustomization(replace(SETTINGS, proxy_mode=mode)))["ConfigMap"]
    assert json.loads(config["data"]["net-conf.json"])["EnableNFTables"] is nftables


def test_the_pod_network_asks_the_api_server_at_its_own_address() -> None:
    pods = patches(kustomization(SETTINGS))["DaemonSet"]["spec"]["template"]["spec"]
    (container,) = pods["containers"]
    environment = {variable["name"]: variable.get("value") for variable in container["env"]}
    assert environment["KUBERNETES_SERVICE_HOST"] == "10.87.0.10"
    assert environment["KUBERNETES_SERVICE_PORT"] == "6443"
    assert container["name"] == "kube-flannel"


@pytest.mark.case("C10")
def test_it_uses_the_network_card_that_has_the_nodes_address() -> None:
    """flannel alone takes the card of the default route: there may be none, or it may lead elsewhere."""
    pods = patches(kustomization(SETTINGS))["DaemonSet"]["spec"]["template"]["spec"]
    (container,) = pods["containers"]
    assert {"name": "FLANNELD_IFACE", "valueFrom": {"fieldRef": {"fieldPath": "status.hostIP"}}} in container["env"]
    # The manifest's own arguments stay, in whichever version.
    assert "args" not in container


@pytest.mark.case("C2")
@pytest.mark.parametrize(
    ("declared", "rendered"),
    [
        (DECLARED, {"Type": "vxlan", "DirectRouting": True}),
        (replace(DECLARED, port=4789, mtu=1400), {"Type": "vxlan", "DirectRouting": True, "Port": 4789, "MTU": 1400}),
        (replace(DECLARED, backend="host-gw", port=None), {"Type": "host-gw"}),
    ],
)
def test_nodes_of_one_network_need_no_tunnel(declared: PodNetworkConfig, rendered: dict[str, Any]) -> None:
    """VXLAN is dropped on UDP 8472, or loses its checksums, on vmxnet3."""
    config = patches(kustomization(replace(SETTINGS, declared=declared)))["ConfigMap"]
    assert json.loads(config["data"]["net-conf.json"])["Backend"] == rendered


@pytest.mark.case("C2")
def test_another_backend_starts_its_pods_anew() -> None:
    def annotations(declared: PodNetworkConfig) -> dict[str, str]:
        text = kustomization(replace(SETTINGS, declared=declared))
        found: dict[str, str] = patches(text)["DaemonSet"]["spec"]["template"]["metadata"]["annotations"]
        return found

    assert annotations(DECLARED) == annotations(replace(DECLARED))
    # All at once: nodes of two settings would not reach each other.
    strategy = patches(kustomization(SETTINGS))["DaemonSet"]["spec"]["updateStrategy"]
    assert strategy["rollingUpdate"] == {"maxUnavailable": "100%"}
    assert annotations(DECLARED) != annotations(replace(DECLARED, mtu=1400))


@pytest.mark.case("C2")
def test_what_to_look_at_is_what_the_backend_needs() -> None:
    assert "UDP port 4789 between the nodes" in POD_NETWORK.hint(replace(DECLARED, port=4789))
    assert "UDP" not in POD_NETWORK.hint(replace(DECLARED, backend="host-gw", port=None))
    assert POD_NETWORK.describe(replace(DECLARED, mtu=1400)) == "flannel (vxlan, UDP port 8472, MTU 1400)"


def test_its_manifest_comes_from_upstream_or_from_the_sites_own_file_server() -> None:
    (release,) = POD_NETWORK.releases.values()
    url = POD_NETWORK.inputs(release, SETTINGS, UPSTREAM)["MANIFEST_URL"]
    path = "github.com/flannel-io/flannel/releases/download/v0.28.9/kube-flannel.yml"
    assert url == f"https://{path}"
    assert POD_NETWORK.inputs(release, SETTINGS, MIRRORED)["MANIFEST_URL"] == f"https://mirror.test/files/{path}"


@pytest.mark.parametrize("version", POD_NETWORK.releases)
def test_every_known_release_is_pinned_and_has_images_of_its_version(version: str) -> None:
    release = POD_NETWORK.releases[version]
    assert release.version == version
    assert f"/v{version}/" in release.manifest.path
    assert release.manifest.sha256
    assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in release.manifest.sha256)
    assert f"ghcr.io/flannel-io/flannel:v{version}" in release.images
