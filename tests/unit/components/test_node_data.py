"""Images and kernel settings: what nodes are given, as data."""

import re
from typing import get_args

import pytest

from components import step
from components.pod_networks import POD_NETWORKS
from components.steps.node import images, operating_system
from components.steps.node.preflight import MINIMUM
from config import Role, versions
from config.stack import NodeSpec
from tests.unit.components.labs import RELEASE

NETWORK_RELEASES = {
    f"{name} {version}": release
    for name, network in POD_NETWORKS.items()
    for version, release in network.releases.items()
}
NETWORK = next(iter(NETWORK_RELEASES.values()))
# Everywhere, for it proves the runtime and the cluster.
TEST_IMAGE = RELEASE.agnhost_image


# As kubeadm 1.36.3 lists them.
LISTED = (
    "registry.k8s.io/kube-apiserver:v1.36.3",
    "registry.k8s.io/kube-controller-manager:v1.36.3",
    "registry.k8s.io/kube-scheduler:v1.36.3",
    "registry.k8s.io/kube-proxy:v1.36.3",
    "registry.k8s.io/coredns/coredns:v1.14.2",
    "registry.k8s.io/pause:3.10.2",
    "registry.k8s.io/etcd:3.6.8-0",
)


def of_kubeadm(role: Role) -> list[str]:
    return [image for image in LISTED if re.search(images.of_kubeadm(role), image)]


def test_a_control_plane_gets_every_image_that_kubeadm_names() -> None:
    assert of_kubeadm("controlPlane") == [*LISTED]


def test_a_worker_gets_what_may_run_on_any_node_and_nothing_of_the_control_plane() -> None:
    assert of_kubeadm("worker") == [
        "registry.k8s.io/kube-proxy:v1.36.3",
        "registry.k8s.io/coredns/coredns:v1.14.2",
        "registry.k8s.io/pause:3.10.2",
    ]


def test_every_runtime_pulls_what_its_proof_and_the_pod_network_run() -> None:
    assert set(images.of_runtime(RELEASE, NETWORK)) == {RELEASE.pause_image, *NETWORK.images, TEST_IMAGE}


@pytest.mark.parametrize("minor", versions.MINORS)
@pytest.mark.parametrize("network", NETWORK_RELEASES)
def test_every_image_has_a_registry_host_and_a_tag(minor: str, network: str) -> None:
    """No two runtimes agree on what a bare name means."""
    named = images.of_runtime(versions.kubernetes(f"{minor}.0"), NETWORK_RELEASES[network])
    assert len(named) > 3
    assert not [
        image for image in named if not re.fullmatch(r"[a-z0-9.-]+\.[a-z]+(:\d+)?(/[a-z0-9._-]+)+:[\w.-]+", image)
    ]


def test_no_script_names_an_image_itself() -> None:
    written = [
        image
        for path in step.SCRIPTS.rglob("*.sh")
        for image in re.findall(r'(?:--image[= ]|\bimage: |"image": ")([^\s",}]+)', path.read_text())
    ]
    assert written
    assert set(written) <= {"$TEST_IMAGE", '"$TEST_IMAGE'}


def test_every_role_that_a_user_may_write_has_its_minimum_and_its_images() -> None:
    roles = get_args(NodeSpec.model_fields["role"].annotation)
    assert set(roles) == set(MINIMUM)
    assert all(of_kubeadm(role) for role in roles)


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
