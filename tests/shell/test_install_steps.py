"""20-install-containerd.sh, 30-install-kubernetes.sh and 35-pull-images.sh: a runtime, the packages, the images."""

import pytest

from components import containerd
from components.guest_file import render_files
from tests.shell.guest import Guest
from tests.shell.steps import INSTALL_CONTAINERD, INSTALL_KUBERNETES, MIRROR, PAUSE, PULL_IMAGES

RUNTIME, PACKAGES, IMAGES = INSTALL_CONTAINERD.file, INSTALL_KUBERNETES.file, PULL_IMAGES.file
WANTED = {step.file: step.environment for step in (INSTALL_CONTAINERD, INSTALL_KUBERNETES, PULL_IMAGES)}
PULLED = ("images/registry.k8s.io_pause:3.10.2", "images/registry.k8s.io_kube-proxy:v1.36.3")


def test_containerd_is_installed_held_configured_and_kept_over_a_reboot(guest: Guest) -> None:
    result = guest.run(RUNTIME, WANTED[RUNTIME])
    assert (result.status, result.stdout, result.errors) == (0, "", [])
    assert guest.known("packages/containerd.io") == "2.3.4-1"
    assert guest.known("held/containerd.io") == "held"
    assert guest.known("units/containerd/enabled") == "enabled"
    assert guest.known("units/containerd/active") == "active"
    assert guest.read("/etc/containerd/config.toml") == containerd.render_config(PAUSE)
    assert MIRROR in guest.read("/etc/containerd/certs.d/registry.k8s.io/hosts.toml")


def test_containerd_is_proven_by_a_pod_that_is_removed_again(guest: Guest) -> None:
    guest.run(RUNTIME, WANTED[RUNTIME])
    assert guest.calls("crictl runp")
    assert guest.known("pods/kubelab-proof") is None


def test_a_machine_that_is_a_node_already_runs_no_proof_beside_its_pods(guest: Guest) -> None:
    guest.write("/etc/kubernetes/kubelet.conf", "")
    assert guest.run(RUNTIME, WANTED[RUNTIME]).status == 0
    assert not guest.calls("crictl runp")


def test_a_changed_configuration_restarts_containerd_once(guest: Guest) -> None:
    guest.run(RUNTIME, WANTED[RUNTIME])
    other = {**WANTED[RUNTIME], "FILES": render_files(containerd.files(PAUSE, {}, None))}
    other["FILES"] = other["FILES"].replace("SystemdCgroup = true", "SystemdCgroup = true\n  NoPivotRoot = false")
    assert guest.run(RUNTIME, other).status == 0
    assert guest.calls("systemctl restart") == ["systemctl restart containerd"]


def test_a_run_that_was_killed_before_the_restart_is_made_good_by_the_next(guest: Guest) -> None:
    guest.run(RUNTIME, WANTED[RUNTIME])
    changed = {**WANTED[RUNTIME], "FILES": WANTED[RUNTIME]["FILES"].replace(MIRROR, "https://elsewhere.test")}
    guest.answer("systemctl", "[[ $1 != restart ]] || { kill -KILL $PPID; exit 1; }")
    guest.run(RUNTIME, changed)
    guest.as_usual("systemctl")
    assert guest.run(RUNTIME, changed).status == 0
    assert guest.calls("systemctl restart containerd")


def test_containerd_without_the_systemd_cgroup_driver_is_one_clear_error(guest: Guest) -> None:
    guest.answer("crictl", "[[ $1 != runtime-config ]] || { echo 'cgroup driver: CGROUPFS'; exit 0; }")
    result = guest.run(RUNTIME, WANTED[RUNTIME])
    assert result.status == 1
    assert len(result.errors) == 1
    assert "CGROUPFS" in result.errors[0]
    assert "w1" in result.errors[0]


def test_a_long_answer_of_containerd_is_read_to_its_end(guest: Guest) -> None:
    guest.answer("crictl", "[[ $1 != runtime-config ]] || { echo 'cgroup driver: SYSTEMD'; seq 100000; exit; }")
    assert guest.run(RUNTIME, WANTED[RUNTIME]).status == 0


def test_a_key_that_containerd_does_not_know_is_one_clear_error(guest: Guest) -> None:
    guest.state("journal", 'level=warning msg="Ignoring unknown key in TOML" key="SystemdCgruop"')
    result = guest.run(RUNTIME, WANTED[RUNTIME])
    assert result.status == 1
    assert len(result.errors) == 1
    assert "SystemdCgruop" in result.errors[0]


def test_containerd_that_does_not_answer_is_one_clear_error_with_its_last_words(guest: Guest) -> None:
    guest.answer("crictl", '[[ $1 != version ]] || { echo "connection refused by containerd.sock" >&2; exit 1; }')
    result = guest.run(RUNTIME, WANTED[RUNTIME])
    assert result.status == 1
    assert len(result.errors) == 1
    assert "connection refused by containerd.sock" in result.errors[0]


@pytest.mark.parametrize("command", ["pull", "runp", "inspectp"])
def test_a_pod_that_does_not_run_is_one_clear_error_with_its_reason(guest: Guest, command: str) -> None:
    guest.answer("crictl", f'[[ $1 != {command} ]] || {{ echo "reason: no such image" >&2; exit 1; }}')
    result = guest.run(RUNTIME, WANTED[RUNTIME])
    assert result.status == 1
    assert len(result.errors) == 1
    assert "w1" in result.errors[0]
    assert "reason: no such image" in result.stderr


def test_the_kubernetes_packages_are_installed_in_the_declared_versions_and_held(guest: Guest) -> None:
    result = guest.run(PACKAGES, WANTED[PACKAGES])
    assert (result.status, result.stdout, result.errors) == (0, "", [])
    names = ("kubelet", "kubeadm", "kubectl", "kubernetes-cni", "cri-tools")
    versions = ("1.36.3-1", "1.36.3-1", "1.36.3-1", "1.9.1-1", "1.36.0-1")
    assert tuple(guest.known(f"packages/{name}") for name in names) == versions
    assert {guest.known(f"held/{name}") for name in names} == {"held"}
    assert guest.known("units/kubelet/enabled") == "enabled"


def test_a_package_in_another_version_is_replaced_by_the_declared_one(guest: Guest) -> None:
    guest.run(PACKAGES, WANTED[PACKAGES])
    guest.state("packages/kubelet", "1.36.30-1")
    guest.run(PACKAGES, WANTED[PACKAGES])
    assert guest.known("packages/kubelet") == "1.36.3-1"


def test_another_kubeadm_before_the_packages_one_is_one_clear_error(guest: Guest) -> None:
    guest.answer("kubeadm", "echo v1.20.0; exit 0")
    result = guest.run(PACKAGES, WANTED[PACKAGES])
    assert result.status == 1
    assert len(result.errors) == 1
    assert all(word in result.errors[0] for word in ("v1.20.0", "v1.36.3", "w1"))


@pytest.mark.parametrize("step", [RUNTIME, PACKAGES])
def test_a_package_that_cannot_be_installed_is_one_clear_error(guest: Guest, step: str) -> None:
    guest.answer("apt-get", "echo \"E: Version '1.36.3-*' was not found\" >&2; exit 100")
    result = guest.run(step, WANTED[step])
    assert result.status != 0
    assert "E: Version '1.36.3-*' was not found" in result.stderr
    assert len(result.errors) == 1


def test_every_image_is_pulled(guest: Guest) -> None:
    result = guest.run(IMAGES, WANTED[IMAGES])
    assert (result.status, result.stdout, result.errors) == (0, "", [])
    assert {guest.known(image) for image in PULLED} == {"pulled"}


def test_only_images_that_are_missing_are_pulled(guest: Guest) -> None:
    guest.state(PULLED[0], "pulled")
    guest.run(IMAGES, WANTED[IMAGES])
    assert guest.calls("crictl pull") == ["crictl pull registry.k8s.io/kube-proxy:v1.36.3"]


def test_an_image_that_cannot_be_pulled_is_named_with_the_reason(guest: Guest) -> None:
    guest.answer("crictl", '[[ "$*" != "pull "*kube-proxy* ]] || { echo "reason: 404 not found" >&2; exit 1; }')
    result = guest.run(IMAGES, WANTED[IMAGES])
    assert result.status == 1
    assert len(result.errors) == 1
    assert "registry.k8s.io/kube-proxy:v1.36.3" in result.errors[0]
    assert "w1" in result.errors[0]
    assert "reason: 404 not found" in result.stderr


@pytest.mark.parametrize("step", [RUNTIME, PACKAGES, IMAGES])
def test_a_second_run_changes_nothing(guest: Guest, step: str) -> None:
    guest.run(step, WANTED[step])
    if step == RUNTIME:
        # What ends the proof: from the join on, the machine's pods are the kubelet's.
        guest.write("/etc/kubernetes/kubelet.conf", "")
    before = guest.files()
    result = guest.run(step, WANTED[step])
    assert (result.status, result.stderr) == (0, "")
    assert guest.files() == before
    assert not guest.calls("apt-get")
