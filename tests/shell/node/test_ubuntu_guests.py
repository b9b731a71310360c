"""Steps 10, 20 and 30 on machines with Ubuntu's own files, package names and versions."""

import pytest

from components.steps.node import reset
from tests.shell.guest.machine import Guest
from tests.shell.node import ubuntu_machines as ubuntu
from tests.shell.node.ubuntu_machines import MIRRORED, MIRRORS, codename, node
from tests.shell.steps import INSTALL_KUBERNETES, INSTALL_RUNTIME, PREPARE_OS, on_this_machine
from tests.shell.world import KEY, MIRROR, WORDS, socket_of
from tests.unit.components import labs

LOCKED = (
    "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 1 (unattended-upgr)\n"
    "N: Be aware that removing the lock file is not a solution and may break your system."
)


class TestPreparation:
    def test_packages_come_from_the_releases_own_suite_of_docker(self, guest: Guest, release: str) -> None:
        worker = node(release)
        ubuntu.serve(guest, worker, MIRRORS)
        result = guest.run(PREPARE_OS.file, ubuntu.preparation_of(worker, MIRRORS))
        assert (result.status, result.errors) == (0, [])
        source = guest.read("/etc/apt/sources.list.d/kubelab-docker.sources")
        assert "URIs: https://download.docker.com/linux/ubuntu\n" in source
        assert f"Suites: {codename(release)}\nComponents: stable\n" in source
        assert guest.read("/etc/apt/keyrings/kubelab-docker.asc") == KEY
        for path, text in ubuntu.sources(release).items():
            assert guest.read(path) == text

    def test_with_a_mirror_of_ubuntu_apt_asks_nothing_else_and_trusts_the_images_keys(
        self, guest: Guest, release: str
    ) -> None:
        worker = node(release)
        ubuntu.serve(guest, worker, MIRRORED)
        result = guest.run(PREPARE_OS.file, ubuntu.preparation_of(worker, MIRRORED))
        assert (result.status, result.errors) == (0, [])
        folder = guest.root / "etc/apt/sources.list.d"
        asked = {path.name for path in folder.iterdir() if path.suffix in (".sources", ".list")}
        assert asked == {"kubelab-kubernetes.sources", "kubelab-docker.sources", "kubelab-ubuntu.sources"}
        assert not guest.exists(ubuntu.DEFAULT_SOURCES)
        name = codename(release)
        assert guest.read("/etc/apt/sources.list.d/kubelab-ubuntu.sources") == (
            f"Types: deb\nURIs: {MIRROR}/apt/ubuntu\nSuites: {name} {name}-updates {name}-security\n"
            f"Components: main universe\nSigned-By: {ubuntu.KEYRING}\n"
        )
        docker = guest.read("/etc/apt/sources.list.d/kubelab-docker.sources")
        assert f"URIs: {MIRROR}/apt/docker-ubuntu\nSuites: {name}\n" in docker
        assert not guest.calls("archive-key.asc")

    def test_a_reset_brings_ubuntus_own_sources_back(self, guest: Guest, release: str) -> None:
        worker = node(release)
        ubuntu.serve(guest, worker, MIRRORED)
        assert guest.run(PREPARE_OS.file, ubuntu.preparation_of(worker, MIRRORED)).status == 0
        guest.write("/etc/kubelab/runtime", "docker\n")
        assert guest.run(reset.STEP.file, on_this_machine(reset.environment(worker, labs.SITE.ssh.user))).status == 0
        for path, text in ubuntu.sources(release).items():
            assert guest.read(path) == text
        assert not guest.exists("/etc/apt/sources.list.d/kubelab-ubuntu.sources")

    def test_a_reset_removes_a_runtime_that_is_a_snap_and_no_other_snap(self, guest: Guest, release: str) -> None:
        ubuntu.snaps(guest, "core22", "docker", "lxd", "microk8s")
        given = on_this_machine(reset.environment(node(release), labs.SITE.ssh.user)) | {"CLEAN_INSTALL": "true"}
        assert guest.run(reset.STEP.file, given).status == 0
        assert guest.known("snaps") == "core22\nlxd"


def package_versions(runtime: str, release: str) -> dict[str, str]:
    """What the repositories have for a release, in the versions that are declared."""
    worker = node(release, runtime)
    suffix = f"1~ubuntu.{release}~{codename(release)}"
    containerd = f"{labs.RUNTIME_VERSIONS['containerd']}-{suffix}"
    return {
        "containerd": {"containerd.io": containerd},
        "docker": {
            "docker-ce": f"5:{worker.runtime_version}-{suffix}",
            "docker-ce-cli": f"5:{worker.runtime_version}-{suffix}",
            "containerd.io": containerd,
        },
        "crio": {"cri-o": f"{worker.runtime_version}-1.1"},
    }[runtime] | {"cri-tools": f"{labs.RELEASE.minor}.0-1.1"}


@pytest.mark.parametrize("runtime", WORDS)
class TestRuntimes:
    def test_a_runtime_is_installed_from_packages_of_the_release(
        self, guest: Guest, release: str, runtime: str
    ) -> None:
        INSTALL_RUNTIME[runtime].prepare(guest)
        result = guest.run(INSTALL_RUNTIME[runtime].file, self.given(release, runtime))
        assert (result.status, result.errors) == (0, [])
        (call,) = [call for call in guest.calls("apt-get") if " install " in call]
        for name in package_versions(runtime, release):
            assert f" {name}=" in call

    def test_packages_that_are_there_in_the_releases_own_versions_are_left(
        self, guest: Guest, release: str, runtime: str
    ) -> None:
        INSTALL_RUNTIME[runtime].prepare(guest)
        for name, version in package_versions(runtime, release).items():
            guest.state(f"packages/{name}", version)
        guest.socket(socket_of(runtime))
        result = guest.run(INSTALL_RUNTIME[runtime].file, self.given(release, runtime))
        assert (result.status, result.errors) == (0, [])
        assert not guest.calls("apt-get")

    @staticmethod
    def given(release: str, runtime: str) -> dict[str, str]:
        """What the installation is given, cri-dockerd from where the tests have it."""
        own = INSTALL_RUNTIME[runtime].environment
        archive = {name: value for name, value in own.items() if name.startswith("CRI_DOCKERD")}
        return ubuntu.runtime_of(node(release, runtime)) | archive


class TestKubernetes:
    def test_the_packages_of_the_system_are_ubuntus(self, guest: Guest, release: str) -> None:
        INSTALL_KUBERNETES.prepare(guest)
        ubuntu.boot(guest, release)
        result = guest.run(INSTALL_KUBERNETES.file, ubuntu.kubernetes_of(node(release)))
        assert (result.status, result.errors) == (0, [])
        calls = " ".join(guest.calls("apt-get"))
        assert all(f" {name}=*" in calls for name in ("conntrack", "ethtool", "socat"))

    def test_unattended_upgrades_of_the_first_boot_are_waited_for(self, guest: Guest, release: str) -> None:
        INSTALL_KUBERNETES.prepare(guest)
        ubuntu.boot(guest, release)
        guest.state("locked", "3")
        guest.answer(
            "apt-get",
            "left=$(recall locked); ((left == 0)) || "
            f"{{ remember locked $((left - 1)); echo '{LOCKED}' >&2; exit 100; }}",
        )
        result = guest.run(INSTALL_KUBERNETES.file, ubuntu.kubernetes_of(node(release)))
        assert (result.status, result.errors) == (0, [])
        assert "waiting for /var/lib/dpkg/lock-frontend, held by process 1" in result.stderr
