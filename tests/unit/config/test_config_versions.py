"""The tables of versions are whole, and what is not in them is refused with what is."""

import re

import pytest

from config import versions
from config.versions import UnknownVersionError
from tests.unit.config.lab_folder import KUBERNETES

RELEASE = versions.kubernetes(KUBERNETES)


def test_a_known_kubernetes_names_the_images_of_its_kubeadm() -> None:
    release = versions.kubernetes("1.36.3")
    assert release.images == (
        "registry.k8s.io/kube-apiserver:v1.36.3",
        "registry.k8s.io/kube-controller-manager:v1.36.3",
        "registry.k8s.io/kube-scheduler:v1.36.3",
        "registry.k8s.io/kube-proxy:v1.36.3",
        "registry.k8s.io/coredns/coredns:v1.14.2",
        "registry.k8s.io/pause:3.10.2",
        "registry.k8s.io/etcd:3.6.8-0",
    )
    assert release.minor == "1.36"
    assert release.agnhost_image == "registry.k8s.io/e2e-test-images/agnhost:2.63.0"
    assert (release.cri_tools, release.kubernetes_cni) == ("1.36.0", "1.9.1")


def test_a_known_flannel_names_its_manifest_and_images() -> None:
    release = versions.flannel("0.28.9")
    assert release.manifest_url == "https://github.com/flannel-io/flannel/releases/download/v0.28.9/kube-flannel.yml"
    assert "ghcr.io/flannel-io/flannel:v0.28.9" in release.images


@pytest.mark.parametrize("lookup", [versions.kubernetes, versions.flannel, versions.cri_dockerd])
def test_an_unknown_version_is_refused_with_the_known_ones(lookup: object) -> None:
    assert callable(lookup)
    with pytest.raises(UnknownVersionError, match=r"^known: \d+\.\d+\.\d+"):
        lookup("0.0.1")


@pytest.mark.parametrize("runtime", versions.RUNTIMES)
@pytest.mark.parametrize("version", versions.KUBERNETES)
def test_every_known_kubernetes_has_every_runtime_in_a_version_that_fits(version: str, runtime: str) -> None:
    release = versions.kubernetes(version)
    assert release.version == version
    assert versions.fits(release, runtime, versions.runtime_version(release, runtime))


@pytest.mark.parametrize("version", versions.RUNTIMES["docker"])
def test_every_known_docker_fits_every_kubernetes(version: str) -> None:
    for release in versions.KUBERNETES.values():
        assert versions.runtime_version(release, "docker", version) == version


@pytest.mark.parametrize("version", versions.CRI_DOCKERD)
def test_every_known_cri_dockerd_is_named_by_its_path_and_pinned_or_left_to_the_site(version: str) -> None:
    release = versions.cri_dockerd(version)
    assert release.version == version
    assert release.path == (
        f"github.com/Mirantis/cri-dockerd/releases/download/v{version}/cri-dockerd-{version}.amd64.tgz"
    )
    assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in release.sha256)


def test_the_default_cri_dockerd_can_be_verified_without_the_site() -> None:
    assert versions.cri_dockerd(versions.default_cri_dockerd()).sha256


@pytest.mark.parametrize("version", versions.FLANNEL)
def test_every_known_flannel_is_pinned(version: str) -> None:
    release = versions.flannel(version)
    assert release.version == version
    assert f"/v{version}/" in release.manifest_url
    assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in release.manifest_sha256)


def test_the_default_runtime_version_is_the_first_that_fits() -> None:
    assert versions.runtime_version(RELEASE, "containerd") == "2.3.4"


@pytest.mark.parametrize(("version", "fits"), [("2.3.0", True), ("2.2.9", True), ("2.1.5", False), ("1.7.28", False)])
def test_containerd_fits_by_its_minor_release(version: str, fits: bool) -> None:
    assert versions.fits(RELEASE, "containerd", version) is fits


def test_a_containerd_that_does_not_fit_says_which_would() -> None:
    with pytest.raises(
        UnknownVersionError, match=r"1\.36\.3 is matched with containerd 2\.3\.x, 2\.2\.x; known: 2\.3\.4"
    ):
        versions.runtime_version(RELEASE, "containerd", "1.7.28")


@pytest.mark.parametrize(("version", "fits"), [("1.36.0", True), ("1.35.3", False), ("1.37.0", False)])
def test_cri_o_fits_by_the_minor_release_of_kubernetes(version: str, fits: bool) -> None:
    assert versions.fits(RELEASE, "crio", version) is fits


def test_a_cri_o_that_does_not_fit_says_which_would() -> None:
    with pytest.raises(UnknownVersionError, match=r"1\.36\.3 is matched with crio 1\.36\.x; known: 1\.36\.3"):
        versions.runtime_version(RELEASE, "crio", "1.35.3")


def test_all_versions_are_resolved_at_once_the_wanted_ones_among_them() -> None:
    wanted = {"docker": "20.10.24", "criDockerd": "0.4.4"}
    assert versions.runtime_versions(RELEASE, wanted) == {
        "containerd": "2.3.4",
        "docker": "20.10.24",
        "crio": "1.36.3",
        "criDockerd": "0.4.4",
    }


def test_a_runtime_without_known_versions_says_so() -> None:
    with pytest.raises(UnknownVersionError, match="known: none yet"):
        versions.runtime_version(RELEASE, "lxc")
