"""Images, kernel settings and the pod network's differences: what nodes are given, as data."""

import json
import re
from typing import Any, get_args

import pytest
import yaml

from components import images, operating_system, script
from components.node import MINIMUM
from components.pod_network import kustomization
from config import versions
from config.stack import NodeSpec

RELEASE = versions.kubernetes("1.36.3")
FLANNEL = versions.flannel("0.28.9")
SUBNET, ADDRESS, PORT = "10.9.0.0/16", "10.87.0.10", "6443"
# Everywhere, for it proves the runtime and the cluster.
TEST_IMAGE = RELEASE.agnhost_image


def test_a_control_plane_gets_every_image_that_kubeadm_names() -> None:
    assert set(images.of_node("controlPlane", RELEASE, FLANNEL)) == {*RELEASE.images, *FLANNEL.images, TEST_IMAGE}


def test_a_worker_gets_what_runs_on_every_node_and_nothing_of_the_control_plane() -> None:
    found = set(images.of_node("worker", RELEASE, FLANNEL))
    kube_proxy = "registry.k8s.io/kube-proxy:v1.36.3"
    assert found == {RELEASE.pause_image, kube_proxy, *FLANNEL.images, TEST_IMAGE}
    assert {RELEASE.pause_image, kube_proxy} <= set(RELEASE.images)


@pytest.mark.parametrize("role", sorted(MINIMUM))
@pytest.mark.parametrize("kubernetes", versions.KUBERNETES)
@pytest.mark.parametrize("flannel", versions.FLANNEL)
def test_every_image_has_a_registry_host_and_a_tag_as_no_runtime_agrees_on_what_a_bare_name_means(
    role: str, kubernetes: str, flannel: str
) -> None:
    named = images.of_node(role, versions.kubernetes(kubernetes), versions.flannel(flannel))
    assert len(named) > 4
    assert not [
        image for image in named if not re.fullmatch(r"[a-z0-9.-]+\.[a-z]+(:\d+)?(/[a-z0-9._-]+)+:[\w.-]+", image)
    ]


def test_no_script_names_an_image_itself() -> None:
    written = [
        image
        for path in script.SCRIPTS.glob("*.sh")
        for image in re.findall(r'(?:--image[= ]|\bimage: |"image": ")([^\s",}]+)', path.read_text())
    ]
    assert written
    assert set(written) <= {"$TEST_IMAGE", '"$TEST_IMAGE'}


def test_every_role_that_a_user_may_write_has_its_minimum_and_its_images() -> None:
    roles = get_args(NodeSpec.model_fields["role"].annotation)
    assert set(roles) == set(MINIMUM)
    assert all(images.of_node(role, RELEASE, FLANNEL) for role in roles)


def test_a_control_planes_minimum_is_kubeadms() -> None:
    assert MINIMUM["controlPlane"][:2] == (2, 1700)


def test_modules_and_kernel_settings_are_files_so_that_a_reboot_does_not_lose_them() -> None:
    files = {file.path: file.text for file in operating_system.files()}
    assert files["/etc/modules-load.d/kubelab.conf"].split() == ["overlay", "br_netfilter"]
    (settings,) = [text for path, text in files.items() if path.startswith("/etc/sysctl.d/")]
    assert dict(line.split(" = ") for line in settings.splitlines()) == operating_system.SYSCTLS
    assert len(files) == 2


def test_kernel_settings_are_what_kubeadm_and_the_kubelet_check() -> None:
    assert operating_system.SYSCTLS["net.ipv4.ip_forward"] == "1"
    assert operating_system.SYSCTLS["net.bridge.bridge-nf-call-iptables"] == "1"
    # protectKernelDefaults of the kubelet compares these three.
    kubelet = {"vm.overcommit_memory": "1", "kernel.panic": "10", "kernel.panic_on_oops": "1"}
    assert kubelet.items() <= operating_system.SYSCTLS.items()


def patches(text: str) -> dict[str, dict[str, Any]]:
    document = yaml.safe_load(text)
    assert document["resources"] == ["manifest.yaml"]
    parsed = [yaml.safe_load(patch["patch"]) for patch in document["patches"]]
    return {patch["kind"]: patch for patch in parsed}


def test_the_pod_network_has_the_clusters_pod_subnet() -> None:
    config = patches(kustomization(SUBNET, "iptables", ADDRESS, PORT))["ConfigMap"]
    assert (config["metadata"]["namespace"], config["metadata"]["name"]) == ("kube-flannel", "kube-flannel-cfg")
    network = json.loads(config["data"]["net-conf.json"])
    assert network["Network"] == "10.9.0.0/16"
    assert network["Backend"]["Type"] == "vxlan"


@pytest.mark.parametrize(("mode", "nftables"), [("iptables", False), ("nftables", True), ("ipvs", False)])
def test_the_pod_networks_rules_are_of_the_same_kind_as_kube_proxys(mode: str, nftables: bool) -> None:
    config = patches(kustomization(SUBNET, mode, ADDRESS, PORT))["ConfigMap"]
    assert json.loads(config["data"]["net-conf.json"])["EnableNFTables"] is nftables


def test_the_pod_network_asks_the_api_server_at_its_own_address() -> None:
    pods = patches(kustomization(SUBNET, "iptables", ADDRESS, PORT))["DaemonSet"]["spec"]["template"]["spec"]
    (container,) = pods["containers"]
    environment = {variable["name"]: variable["value"] for variable in container["env"]}
    assert environment["KUBERNETES_SERVICE_HOST"] == "10.87.0.10"
    assert environment["KUBERNETES_SERVICE_PORT"] == "6443"
    assert container["name"] == "kube-flannel"
