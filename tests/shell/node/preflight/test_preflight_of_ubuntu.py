"""Step 00 on machines with Ubuntu's own files, and on those of systems that no node can have."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from tests.shell.guest.machine import Guest
from tests.shell.node import ubuntu_machines as ubuntu
from tests.shell.node.ubuntu_machines import node
from tests.shell.steps import PREFLIGHT


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
