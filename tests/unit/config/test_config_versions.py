"""What is known of a Kubernetes release, and that the words and versions of records are refused with what is known."""

from dataclasses import replace

import pytest

from components.records.runtime import Adapter
from components.runtimes import RUNTIMES
from config import releases, versions
from config.versions import UnknownVersionError
from tests.unit.config.lab_folder import KUBERNETES

RELEASE = versions.kubernetes(KUBERNETES)


# PauseVersion of cmd/kubeadm/app/constants/constants.go and test/images/agnhost/VERSION of each release's source.
OF_THE_SOURCE = {
    "1.35.0": ("3.10.1", "2.59"),
    "1.35.4": ("3.10.1", "2.59"),
    "1.36.1": ("3.10.2", "2.63.0"),
    "1.36.3": ("3.10.2", "2.63.0"),
    "1.37.0": ("3.10.2", "2.66.1"),
    "1.37.2": ("3.10.2", "2.66.1"),
}


@pytest.mark.parametrize("version", OF_THE_SOURCE)
def test_every_patch_of_a_known_minor_has_what_its_own_source_says(version: str) -> None:
    release = versions.kubernetes(version)
    assert release.version == version
    assert release.minor == version[:4]
    assert release.cri_tools == f"{release.minor}.*"
    pause, agnhost = OF_THE_SOURCE[version]
    assert release.pause_image == f"registry.k8s.io/pause:{pause}"
    assert release.agnhost_image == f"registry.k8s.io/e2e-test-images/agnhost:{agnhost}"


def test_an_unknown_kubernetes_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownVersionError, match=r"^known: every patch of 1\.35, 1\.36, 1\.37$"):
        versions.kubernetes("0.0.1")


@pytest.mark.parametrize("plugin", releases.pod_networks())
def test_an_unknown_version_of_a_pod_network_is_refused_with_the_known_ones(plugin: str) -> None:
    assert releases.pod_network_version(plugin, releases.pod_network_version(plugin))
    with pytest.raises(UnknownVersionError, match=r"^known: \d+\.\d+\.\d+"):
        releases.pod_network_version(plugin, "0.0.1")


@pytest.mark.parametrize("adapter", releases.adapters().values(), ids=releases.adapters())
def test_an_unknown_version_of_an_adapter_is_refused_with_the_known_ones(adapter: Adapter) -> None:
    with pytest.raises(UnknownVersionError, match=r"^known: \d+\.\d+\.\d+"):
        releases.adapter_release(adapter, "0.0.1")


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("minor", versions.MINORS)
def test_every_known_kubernetes_has_every_runtime_in_a_version_that_fits(minor: str, runtime: str) -> None:
    release = versions.kubernetes(f"{minor}.0")
    assert RUNTIMES[runtime].fits(release, releases.runtime_version(release, runtime))


@pytest.mark.parametrize("version", RUNTIMES["docker"].versions)
def test_every_known_docker_fits_every_kubernetes(version: str) -> None:
    for minor in versions.MINORS:
        assert releases.runtime_version(versions.kubernetes(f"{minor}.0"), "docker", version) == version


def test_the_words_come_with_the_default_first() -> None:
    assert releases.runtimes() == ("containerd", "crio", "docker")
    assert releases.versioned() == ("containerd", "crio", "docker", "criDockerd")
    assert releases.pod_networks() == ("flannel",)


def test_the_default_runtime_version_is_the_first_that_fits() -> None:
    assert releases.runtime_version(RELEASE, "containerd") == "2.3.4"


@pytest.mark.parametrize(("version", "fits"), [("2.3.0", True), ("2.2.9", True), ("2.1.5", False), ("1.7.28", False)])
def test_containerd_fits_by_its_minor_release(version: str, fits: bool) -> None:
    assert RUNTIMES["containerd"].fits(RELEASE, version) is fits


def test_a_containerd_that_does_not_fit_says_which_would() -> None:
    with pytest.raises(
        UnknownVersionError, match=r"1\.36\.3 is matched with containerd 2\.3\.x, 2\.2\.x; known: 2\.3\.4"
    ):
        releases.runtime_version(RELEASE, "containerd", "1.7.28")


@pytest.mark.parametrize(("version", "fits"), [("1.36.0", True), ("1.35.3", False), ("1.37.0", False)])
def test_cri_o_fits_by_the_minor_release_of_kubernetes(version: str, fits: bool) -> None:
    assert RUNTIMES["crio"].fits(RELEASE, version) is fits


@pytest.mark.parametrize(("runtime", "version"), [("containerd", "2.3.99"), ("crio", "1.36.99")])
def test_any_patch_of_a_series_that_fits_may_be_chosen(runtime: str, version: str) -> None:
    assert releases.runtime_version(RELEASE, runtime, version) == version


def test_a_cri_o_that_does_not_fit_says_which_would() -> None:
    with pytest.raises(UnknownVersionError, match=r"1\.36\.3 is matched with crio 1\.36\.x; known: 1\.36\.3"):
        releases.runtime_version(RELEASE, "crio", "1.35.3")


def test_all_versions_are_resolved_at_once_the_wanted_ones_among_them() -> None:
    wanted = {"docker": "20.10.24", "criDockerd": "0.4.4"}
    assert releases.runtime_versions(RELEASE, wanted) == {
        "containerd": "2.3.4",
        "docker": "20.10.24",
        "crio": "1.36.3",
        "criDockerd": "0.4.4",
    }


def test_a_runtime_of_which_no_known_version_fits_says_so() -> None:
    with pytest.raises(UnknownVersionError, match=r"^known: none yet$"):
        releases.runtime_version(replace(RELEASE, facts=replace(RELEASE.facts, name="1.99")), "crio")
