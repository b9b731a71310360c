"""The container runtimes as kubelab finds them: one file each, and a script."""

import re
from pathlib import Path

import pytest

from components import runtimes, step
from components.guest_systems import of_node
from components.records.release import Download
from components.records.runtime import PackageSource
from components.records.traces import Traces
from components.runtimes import RUNTIMES
from config import releases
from tests.unit.components.labs import CONTROL_PLANE, RELEASE, UPSTREAM
from tests.unit.components.runtimes.renderings import inputs_of

FOLDER = Path(str(runtimes.__file__)).parent
EACH = pytest.mark.parametrize("runtime", sorted(RUNTIMES))
# What an installation is given by components/steps/node/install_runtime.py, whichever the runtime.
SHARED = {
    "NODE_NAME",
    "RUNTIME",
    "CRI_SOCKET",
    "OTHER_SOCKETS",
    "CRI_TOOLS_VERSION",
    "FILES",
    "IMAGES",
    "IMAGE_SOURCES",
    "TEST_IMAGE",
}


def test_the_runtimes_are_those_that_a_user_may_write() -> None:
    assert set(RUNTIMES) == set(releases.runtimes())


def test_every_file_of_the_folder_is_a_runtime() -> None:
    files = {path.stem for path in FOLDER.glob("*.py")} - {"__init__"}
    assert {runtime.script.removeprefix("20-install-").removesuffix(".sh") for runtime in RUNTIMES.values()} == files
    assert files == set(RUNTIMES)


@EACH
def test_a_runtime_knows_versions_that_fit_the_default_kubernetes(runtime: str) -> None:
    found = RUNTIMES[runtime]
    assert found.versions
    assert found.fits(RELEASE, found.versions[0])


def test_containerd_and_crio_go_by_kubernetes_version_and_docker_does_not() -> None:
    other = "1.1.1"
    assert {name for name, runtime in RUNTIMES.items() if runtime.fits(RELEASE, other)} == {"docker"}
    assert all(RUNTIMES["containerd"].fits(RELEASE, f"{series}.99") for series in RELEASE.containerd)
    assert RUNTIMES["crio"].fits(RELEASE, f"{RELEASE.minor}.99")


def test_an_adapter_has_a_release_that_can_be_verified_as_its_default() -> None:
    adapters = [runtime.adapter for runtime in RUNTIMES.values() if runtime.adapter]
    assert [adapter.name for adapter in adapters] == ["criDockerd"]
    assert all(next(iter(adapter.releases.values())).sha256 for adapter in adapters)


ADAPTER_RELEASES = [each for adapter in releases.adapters().values() for each in adapter.releases.values()]


@pytest.mark.parametrize("release", ADAPTER_RELEASES, ids=lambda release: release.version)
def test_every_release_of_an_adapter_is_named_by_its_path_and_has_sums_if_any(release: Download) -> None:
    assert f"/v{release.version}/" in release.path
    assert f"-{release.version}.amd64." in release.path
    assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in release.sha256)


@EACH
def test_a_runtime_has_its_script_which_is_given_just_what_it_declares(runtime: str) -> None:
    found = RUNTIMES[runtime]
    assert found.script == f"20-install-{runtime}.sh"
    step.check_environment(found.script, [*SHARED, *inputs_of(runtime)])


@EACH
def test_an_input_of_one_runtime_hides_none_that_all_share(runtime: str) -> None:
    assert not SHARED & set(inputs_of(runtime))


def test_every_runtime_has_a_socket_of_its_own_and_none_is_dockershims() -> None:
    sockets = {runtime.cri_socket for runtime in RUNTIMES.values()}
    assert sockets == {
        "unix:///run/containerd/containerd.sock",
        "unix:///run/cri-dockerd.sock",
        "unix:///var/run/crio/crio.sock",
    }
    assert len(sockets) == len(RUNTIMES)


def test_every_runtime_is_known_by_the_name_that_the_api_reports() -> None:
    assert {name: runtime.reported_as for name, runtime in RUNTIMES.items()} == {
        "containerd": "containerd",
        "crio": "cri-o",
        "docker": "docker",
    }


@EACH
def test_a_runtime_leaves_traces_of_every_kind_that_finds_it_without_its_package(runtime: str) -> None:
    """A search by packages and processes alone misses CRI-O and what was installed from an archive."""
    traces: Traces = RUNTIMES[runtime].traces
    assert traces.package
    assert traces.unit
    assert traces.path
    assert traces.process


@EACH
def test_every_package_that_a_script_installs_is_among_the_traces(runtime: str) -> None:
    text = step.read_script(RUNTIMES[runtime].script).replace("\\\n", " ")
    (line,) = re.findall(r"install_held_packages (.*)", text)
    packages = set(re.findall(r'"([a-z.-]+)=\$', line))
    assert len(packages) >= 2
    assert packages - {"cri-tools"} <= set(RUNTIMES[runtime].traces.package)


@EACH
def test_packages_come_from_a_repository_of_the_runtime(runtime: str) -> None:
    repository = RUNTIMES[runtime].repository(PackageSource("1.36", UPSTREAM, of_node(CONTROL_PLANE)))
    assert repository.name == ("crio" if runtime == "crio" else "docker")
