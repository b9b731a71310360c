"""Docker's own: daemon.json, cri-dockerd's units and archive, and the images that Docker cannot mirror."""

import configparser
from dataclasses import replace

import pytest

from components.runtimes import RUNTIMES
from components.runtimes.docker import CRI_DOCKERD
from components.steps.node.images import sources
from tests.unit.components.labs import GHCR, HUB, MIRRORED, PRIVATE, REGISTRIES, RUNTIME_VERSIONS, UPSTREAM
from tests.unit.components.runtimes.renderings import Docker, files_of, inputs_of

RELEASE = next(iter(CRI_DOCKERD.releases.values()))
WITHOUT_SUM = next(release for release in CRI_DOCKERD.releases.values() if not release.sha256)
HUB_BELOW_A_PATH = replace(HUB, mirror="https://hub.test:5000/v2/docker.io")


def unit(name: str) -> configparser.ConfigParser:
    """A systemd unit, parsed."""
    parser = configparser.ConfigParser(interpolation=None, strict=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(files_of("docker")[f"/etc/systemd/system/{name}"].text)
    return parser


def test_containers_survive_a_restart_of_the_daemon_and_have_a_log_file_each() -> None:
    daemon = Docker().daemon
    assert daemon["live-restore"] is True
    assert daemon["log-driver"] == "json-file"


def test_a_mirror_is_told_to_docker_for_docker_io_alone() -> None:
    assert Docker(*REGISTRIES).daemon["registry-mirrors"] == ["https://hub.test:5000"]
    assert "registry-mirrors" not in Docker(GHCR, PRIVATE).daemon


def test_a_mirror_with_a_path_of_its_own_is_not_told_to_docker_which_would_drop_it() -> None:
    assert "registry-mirrors" not in Docker(HUB_BELOW_A_PATH).daemon
    assert sources("docker", [HUB_BELOW_A_PATH]) == "docker.io hub.test:5000/docker.io"


def test_a_mirror_of_another_registry_is_not_told_to_docker_even_at_its_root() -> None:
    registry = replace(GHCR, mirror="https://mirror.test/v2")
    assert "registry-mirrors" not in Docker(registry).daemon
    assert sources("docker", [registry]) == "ghcr.io mirror.test"


def test_docker_io_itself_with_a_login_is_no_mirror() -> None:
    login = replace(HUB, mirror="", user="reader", password=PRIVATE.password)
    assert "registry-mirrors" not in Docker(login).daemon


def test_images_that_docker_cannot_mirror_are_given_to_the_script_by_their_place() -> None:
    assert sources("docker", REGISTRIES).splitlines() == [
        "ghcr.io mirror.test/ghcr.io",
        "quay.io quay.test:5001/quay.io",
        "registry.k8s.io mirror.test/registry.k8s.io",
    ]


def test_cri_dockerd_listens_where_kubeadm_is_told_and_is_started_with_its_socket() -> None:
    listens = unit("cri-docker.socket")["Socket"]["ListenStream"]
    assert RUNTIMES["docker"].cri_socket == f"unix://{listens}"
    service = unit("cri-docker.service")
    assert "cri-docker.socket" in service["Unit"]["Requires"].split()
    assert "--container-runtime-endpoint fd://" in service["Service"]["ExecStart"]


def test_cri_dockerd_uses_the_clusters_pod_network_and_runs_from_its_place() -> None:
    command = unit("cri-docker.service")["Service"]["ExecStart"].split()
    assert command[0] == "/usr/local/bin/cri-dockerd"
    assert "--network-plugin=cni" in command


def test_only_nodes_of_docker_turn_off_what_cri_dockerd_cannot_do() -> None:
    """From 1.36 on exec, attach and port-forward fail on the streaming server of cri-dockerd otherwise."""
    assert {name: runtime.kubelet for name, runtime in RUNTIMES.items() if runtime.kubelet} == {
        "docker": {"featureGates": {"ExtendWebSocketsToKubelet": False}}
    }


def test_docker_and_its_client_are_installed_in_one_version() -> None:
    """There is one input for both packages, so that a client of another channel cannot come beside the engine."""
    inputs = inputs_of("docker", versions={**RUNTIME_VERSIONS, "docker": "28.3.3", "containerd": "2.3.4"})
    assert inputs["DOCKER_VERSION"] == "5:28.3.3[-~]*[a-z0-9]"
    assert inputs["CONTAINERD_VERSION"] == "2.3.4-*"


@pytest.mark.parametrize(
    ("files", "root"), [(None, "https://"), ("https://mirror.test/files", "https://mirror.test/files/")]
)
def test_cri_dockerd_comes_from_upstream_or_from_the_sites_files(files: str | None, root: str) -> None:
    inputs = inputs_of("docker", mirrors=replace(UPSTREAM, files=files))
    assert inputs["CRI_DOCKERD_URL"] == f"{root}{RELEASE.path}"
    assert inputs["CRI_DOCKERD_VERSION"] == RELEASE.version
    assert RELEASE.version in RELEASE.path


def test_cri_dockerd_is_known_by_the_sum_of_its_release_and_by_that_of_the_site() -> None:
    assert inputs_of("docker")["CRI_DOCKERD_SHA256"].split() == list(RELEASE.sha256)
    site = replace(MIRRORED, checksums={RELEASE.path: "b" * 64, "another/file": "c" * 64})
    assert inputs_of("docker", mirrors=site)["CRI_DOCKERD_SHA256"].split() == [*RELEASE.sha256, "b" * 64]


def test_a_release_of_cri_dockerd_without_a_published_sum_has_the_sites_alone() -> None:
    site = replace(MIRRORED, checksums={WITHOUT_SUM.path: "b" * 64})
    inputs = inputs_of("docker", mirrors=site, versions={**RUNTIME_VERSIONS, "criDockerd": WITHOUT_SUM.version})
    assert inputs["CRI_DOCKERD_SHA256"] == "b" * 64


@pytest.mark.parametrize("mirror", ["https://hub.test:5000/v2", "https://hub.test:5000/v2/"])
def test_a_mirror_at_the_root_is_one_whose_path_is_that_of_the_api_and_no_more(mirror: str) -> None:
    registry = replace(HUB, mirror=mirror)
    assert sources("docker", [registry]) == ""
    assert Docker(registry).daemon["registry-mirrors"] == ["https://hub.test:5000"]
