"""Steps 00, 10, 20 and 30 on machines with Ubuntu's own files, package names and versions."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from components.steps.node import reset
from tests.shell.guest.machine import Guest
from tests.shell.node import ubuntu_machines as ubuntu
from tests.shell.node.ubuntu_machines import MIRRORED, MIRRORS, RELEASES, codename, node
from tests.shell.steps import INSTALL_KUBERNETES, INSTALL_RUNTIME, PREFLIGHT, PREPARE_OS, on_this_machine
from tests.shell.world import KEY, MIRROR, WORDS, socket_of
from tests.unit.components import labs

LOCKED = (
    "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 1 (unattended-upgr)\n"
    "N: Be aware that removing the lock file is not a solution and may break your system."
)


@pytest.fixture(params=RELEASES)
def release(request: pytest.FixtureRequest, guest: Guest) -> str:
    """Each release of Ubuntu, booted on the machine."""
    ubuntu.boot(guest, str(request.param))
    return str(request.param)


def refused(guest: Guest, environment: dict[str, str]) -> str:
    """The one line by which the preflight refuses the machine."""
    result = guest.run(PREFLIGHT.file, environment)
    assert result.status == 1, result.stderr
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("preflight ")]
    return line


class TestPreflight:
    def test_a_machine_as_its_image_boots_it_is_fit(self, guest: Guest, release: str) -> None:
        result = guest.run(PREFLIGHT.file, ubuntu.preflight_of(node(release)))
        assert (result.status, result.stderr) == (0, "")

    def test_a_machine_whose_image_was_said_to_hold_debian_is_told_which_word_to_write(
        self, guest: Guest, release: str
    ) -> None:
        line = refused(guest, {**PREFLIGHT.environment, "MIRRORS": ""})
        assert line.startswith("preflight OperatingSystem on w1: ")
        assert f"found ubuntu {release}, wanted debian 12; say it where" in line
        assert f"system: ubuntu-{release}}}" in line

    def test_resolveds_stub_is_a_fault_only_where_resolved_does_not_run(self, guest: Guest, release: str) -> None:
        guest.forget("units/systemd-resolved/active")
        line = refused(guest, ubuntu.preflight_of(node(release)))
        assert "found 127.0.0.53 in /etc/resolv.conf" in line
        assert "set kubelet: {resolvConf: /run/systemd/resolve/resolv.conf}" in line

    def test_ufw_that_was_switched_on_is_named_with_what_to_run(self, guest: Guest, release: str) -> None:
        guest.write("/etc/ufw/ufw.conf", "ENABLED=yes\n")
        guest.write("/etc/ufw/user.rules", "*filter\n-A ufw-user-input -p tcp --dport 22 -j ACCEPT\nCOMMIT\n")
        line = refused(guest, ubuntu.preflight_of(node(release)))
        assert "found ufw, which keeps closed 10250/tcp (kubelet)" in line
        assert "ufw allow 10250/tcp && ufw allow 30000:32767/tcp && ufw allow 8472/udp" in line

    def test_a_runtime_of_the_installer_which_is_a_snap_is_a_leftover(self, guest: Guest, release: str) -> None:
        ubuntu.snaps(guest, "core22", "docker", "lxd")
        line = refused(guest, ubuntu.preflight_of(node(release)))
        assert "preflight Leftovers on w1: found snaps: docker, wanted no earlier" in line

    def test_the_remedy_for_a_wrong_clock_names_what_keeps_it(self, guest: Guest, release: str) -> None:
        guest.web("https://packages.test/deb", "")
        wrong = datetime.now(UTC) + timedelta(hours=2)
        guest.state("dates/packages.test", format_datetime(wrong, usegmt=True))
        line = refused(guest, ubuntu.preflight_of(node(release)) | {"CLOCKS": "https://packages.test/deb"})
        service = "chrony (chronyc tracking)" if release == "26.04" else "systemd-timesyncd (timedatectl"
        assert f"by NTP: {service}" in line

    def test_the_remedy_for_a_missing_route_names_netplan(self, guest: Guest, release: str) -> None:
        guest.forget("route-default")
        assert "(/etc/netplan)" in refused(guest, ubuntu.preflight_of(node(release)))


class TestAppArmor:
    @pytest.mark.parametrize(
        ("runtime", "known"), [("containerd", "containerd/containerd#12886"), ("crio", "cri-o/cri-o#10036")]
    )
    def test_what_26_04_breaks_in_pods_is_said_and_stops_nothing(self, guest: Guest, runtime: str, known: str) -> None:
        ubuntu.boot(guest, "26.04")
        guest.write("/sys/module/apparmor/parameters/enabled", "Y\n")
        given = ubuntu.preflight_of(node("26.04", runtime))
        result = guest.run(PREFLIGHT.file, given)
        (line,) = result.stderr.splitlines()
        assert result.status == 0
        assert line.startswith("warning: preflight AppArmor on w1: found it on, where the default profile of ")
        assert all(words in line for words in (known, "systemd", "appArmorProfile: {type: Unconfined}"))
        assert guest.run(PREFLIGHT.file, given | {"IGNORED": "AppArmor"}).stderr == ""

    def test_nothing_is_said_where_it_is_off_or_the_release_is_another(self, guest: Guest) -> None:
        ubuntu.boot(guest, "26.04")
        guest.write("/sys/module/apparmor/parameters/enabled", "N\n")
        assert guest.run(PREFLIGHT.file, ubuntu.preflight_of(node("26.04"))).stderr == ""
        ubuntu.boot(guest, "24.04")
        guest.write("/sys/module/apparmor/parameters/enabled", "Y\n")
        assert guest.run(PREFLIGHT.file, ubuntu.preflight_of(node("24.04"))).stderr == ""


OTHERS = {
    "rocky": ('ID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="10.1"\n', "rocky 10.1", "br_netfilter"),
    "rhel": ('ID="rhel"\nID_LIKE="centos fedora"\nVERSION_ID="9.6"\n', "rhel 9.6", "dnf"),
    "almalinux": ('ID="almalinux"\nID_LIKE="rhel centos fedora"\nVERSION_ID="10.0"\n', "almalinux 10.0", "dnf"),
    "centos": ('ID="centos"\nID_LIKE="rhel fedora"\nVERSION_ID="10"\n', "centos 10", "dnf"),
    "fedora": ("ID=fedora\nVERSION_ID=44\n", "fedora 44", "dnf"),
    "suse": ('ID="opensuse-leap"\nID_LIKE="suse opensuse"\nVERSION_ID="16.0"\n', "opensuse-leap 16.0", "zypper"),
    "photon": ("ID=photon\nVERSION_ID=5.0\n", "photon 5.0", "tdnf"),
    "flatcar": ("ID=flatcar\nID_LIKE=coreos\nVERSION_ID=4152.2.0\n", "flatcar 4152.2.0", "takes none"),
    "alpine": ("ID=alpine\nVERSION_ID=3.22.0\n", "alpine 3.22.0", "systemd"),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_a_system_that_no_node_can_have_is_refused_with_the_reason(guest: Guest, kind: str) -> None:
    text, found, reason = OTHERS[kind]
    ubuntu.boot(guest, "24.04")
    guest.write("/etc/os-release", text)
    line = refused(guest, ubuntu.preflight_of(node("24.04")))
    assert line.startswith("preflight OperatingSystem on w1: ")
    assert f"found {found}, wanted ubuntu 24.04; no node can have it: " in line
    assert reason in line
    assert line.endswith("use an image of ubuntu 24.04")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            'ID=ubuntu\nVERSION_ID="25.10"\n',
            "found ubuntu 25.10, wanted ubuntu 24.04; use an image of ubuntu 24.04, or",
        ),
        ("ID=debian\n", "found debian, wanted ubuntu 24.04; use an image of ubuntu 24.04, or of another system of its"),
        ('ID=linuxmint\nID_LIKE="ubuntu debian"\nVERSION_ID="22"\n', "found linuxmint 22, wanted ubuntu 24.04; use an"),
    ],
    ids=["a release that is none of the known", "a release without a version", "a derivative"],
)
def test_another_release_is_refused_with_those_of_its_kind(guest: Guest, text: str, shown: str) -> None:
    ubuntu.boot(guest, "24.04")
    guest.write("/etc/os-release", text)
    line = refused(guest, ubuntu.preflight_of(node("24.04")))
    assert shown in line
    kind = re.search(r"ID=(\w+)", text)
    known = {"ubuntu": ": ubuntu-22.04, ubuntu-24.04, ubuntu-26.04", "debian": ": debian-12, debian-13"}
    assert line.endswith(known.get(kind[1] if kind else "", "use an image of ubuntu 24.04"))


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
