"""Images, kernel settings and the pod network's differences: what nodes are given, as data."""

import json
from typing import Any, get_args

import yaml

from components import images, operating_system
from components.node import MINIMUM
from components.pod_network import kustomization
from config import versions
from config.stack import NodeSpec

RELEASE = versions.kubernetes("1.36.3")
FLANNEL = versions.flannel("0.28.9")


def test_a_control_plane_gets_every_image_that_kubeadm_names() -> None:
    assert set(images.of_node("controlPlane", RELEASE, FLANNEL)) == {*RELEASE.images, *FLANNEL.images}


def test_a_worker_gets_what_runs_on_every_node_and_nothing_of_the_control_plane() -> None:
    found = images.of_node("worker", RELEASE, FLANNEL)
    assert set(found) == {RELEASE.pause_image, "registry.k8s.io/kube-proxy:v1.36.3", *FLANNEL.images}
    assert set(found) - set(FLANNEL.images) <= set(RELEASE.images)


def test_every_role_that_a_user_may_write_has_its_minimum_and_its_images() -> None:
    roles = get_args(NodeSpec.model_fields["role"].annotation)
    assert set(roles) == set(MINIMUM)
    assert all(images.of_node(role, RELEASE, FLANNEL) for role in roles)


def test_a_control_planes_minimum_is_kubeadms() -> None:
    assert MINIMUM["controlPlane"][:2] == (2, 1700)


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
    config = patches(kustomization("10.9.0.0/16", "10.87.0.10", "6443"))["ConfigMap"]
    assert (config["metadata"]["namespace"], config["metadata"]["name"]) == ("kube-flannel", "kube-flannel-cfg")
    network = json.loads(config["data"]["net-conf.json"])
    assert network["Network"] == "10.9.0.0/16"
    assert network["Backend"]["Type"] == "vxlan"


def test_the_pod_network_asks_the_api_server_at_its_own_address() -> None:
    pods = patches(kustomization("10.9.0.0/16", "10.87.0.10", "6443"))["DaemonSet"]["spec"]["template"]["spec"]
    (container,) = pods["containers"]
    environment = {variable["name"]: variable["value"] for variable in container["env"]}
    assert environment["KUBERNETES_SERVICE_HOST"] == "10.87.0.10"
    assert environment["KUBERNETES_SERVICE_PORT"] == "6443"
    assert container["name"] == "kube-flannel"
