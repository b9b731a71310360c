"""00-preflight.sh: what a stock image or a host brings along, and what a kubelet on it would suffer from."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from tests.shell.guest.machine import Guest
from tests.shell.node.preflight.answers import STEP, WANTED, assert_fit, open_ufw, said
from tests.shell.steps import PREFLIGHT
from tests.shell.world import MIRROR

SERVER = MIRROR.removeprefix("https://")
UPSTREAM = "https://packages.test"
RTC = "/sys/class/rtc/rtc0/since_epoch"


@pytest.fixture(autouse=True)
def machine(guest: Guest) -> None:
    PREFLIGHT.prepare(guest)


def date(hours: float = 0) -> str:
    """Now, or so many hours away from it, as servers write it."""
    return format_datetime(datetime.now(UTC) + timedelta(hours=hours), usegmt=True)


@pytest.mark.case("C12")
class TestClock:
    def test_one_that_agrees_with_the_mirrors_is_right(self, guest: Guest) -> None:
        guest.state(f"dates/{SERVER}", date())
        assert_fit(guest)

    @pytest.mark.parametrize(("hours", "side"), [(2.5, "behind"), (-2.5, "ahead of")])
    def test_one_that_is_hours_off_is_named_with_both_clocks(self, guest: Guest, hours: float, side: str) -> None:
        guest.state(f"dates/{SERVER}", date(hours))
        line = said(guest, "Clock")
        assert "found 2 h 29 min" in line or "found 2 h 30 min" in line
        assert f"{side} the server of {MIRROR}/apt, where it is " in line
        assert "timedatectl" in line

    def test_one_for_which_a_certificate_is_not_valid_yet_is_named_too(self, guest: Guest) -> None:
        guest.state(f"dates/{SERVER}", date(2))
        guest.state(f"certificates/{SERVER}", "certificate is not yet valid")
        said = guest.run(STEP, WANTED).stderr
        assert "preflight Mirror on w1: " in said
        assert "certificate is not yet valid" in said
        assert "preflight Clock on w1: " in said

    def test_without_mirrors_the_packages_servers_are_asked(self, guest: Guest) -> None:
        guest.web(f"{UPSTREAM}/deb", "")
        guest.state("dates/packages.test", date(2))
        assert f"behind the server of {UPSTREAM}/deb" in said(guest, "Clock", MIRRORS="", CLOCKS=f"{UPSTREAM}/deb")

    def test_a_server_that_does_not_answer_tells_no_time(self, guest: Guest) -> None:
        assert_fit(guest, CLOCKS="https://nobody.test/")

    def test_one_that_differs_from_the_hosts_is_named_where_nobody_else_tells_the_time(self, guest: Guest) -> None:
        guest.write(RTC, f"{int(datetime.now(UTC).timestamp()) + 7200}\n")
        assert "hardware clock, which the ESXi host sets" in said(guest, "Clock")

    @pytest.mark.parametrize("kept", ["ntp", "local time"])
    def test_a_hardware_clock_that_tells_nothing_is_not_compared(self, guest: Guest, kept: str) -> None:
        guest.write(RTC, f"{int(datetime.now(UTC).timestamp()) + 7200}\n")
        if kept == "ntp":
            guest.state("ntp", "yes")
        else:
            guest.write("/etc/adjtime", "0.0 0 0.0\n0\nLOCAL\n")
        assert_fit(guest)


@pytest.mark.case("C15")
class TestCgroups:
    def of_version_1(self, guest: Guest, *, hybrid: bool) -> None:
        guest.remove("/sys/fs/cgroup/cgroup.controllers")
        if hybrid:
            guest.write("/sys/fs/cgroup/unified/cgroup.controllers", "")

    @pytest.mark.parametrize(("hybrid", "shown"), [(False, "cgroup v1,"), (True, "(hybrid)")])
    def test_version_1_is_named_with_the_kernels_argument(self, guest: Guest, hybrid: bool, shown: str) -> None:
        self.of_version_1(guest, hybrid=hybrid)
        line = said(guest, "SystemVerification")
        assert shown in line
        assert "systemd.unified_cgroup_hierarchy=1" in line

    def test_where_kubeadms_check_of_it_is_ignored_it_is_a_warning(self, guest: Guest) -> None:
        self.of_version_1(guest, hybrid=True)
        result = guest.run(STEP, {**WANTED, "IGNORED": "systemverification"})
        assert result.status == 0
        assert "warning: preflight SystemVerification on w1: found cgroup v1" in result.stderr

    def test_a_missing_controller_is_named(self, guest: Guest) -> None:
        guest.write("/sys/fs/cgroup/cgroup.controllers", "cpuset cpu io pids\n")
        assert "found cgroup v2 without memory" in said(guest, "SystemVerification")


@pytest.mark.parametrize(
    ("mount", "options", "shown"),
    [
        ("_var_lib", "rw,noexec", "/var/lib noexec"),
        ("_opt", "rw,nosuid,noexec", "/opt noexec"),
        ("_etc", "ro,relatime", "/etc read-only"),
    ],
)
def test_a_file_system_that_nothing_can_run_from_is_named(guest: Guest, mount: str, options: str, shown: str) -> None:
    guest.state(f"mount-options/{mount}", options)
    assert f"found {shown}, wanted" in said(guest, "Mounts")


def test_an_enforcing_selinux_is_named(guest: Guest) -> None:
    guest.write("/sys/fs/selinux/enforce", "1")
    assert "setenforce 0" in said(guest, "SELinux")


BROKEN: tuple[Callable[[Guest], None], ...] = (
    lambda guest: guest.state(f"dates/{SERVER}", date(2)),
    lambda guest: open_ufw(guest, "22/tcp"),
    lambda guest: guest.write("/etc/resolv.conf", "nameserver 127.0.0.1\n"),
    lambda guest: guest.remove("/sys/fs/cgroup/cgroup.controllers"),
    lambda guest: guest.forget("route-default"),
)


@pytest.mark.case("C10", "C12", "C13", "C14", "C15")
def test_all_of_them_are_named_at_once_a_line_each(guest: Guest) -> None:
    for damage in BROKEN:
        damage(guest)
    result = guest.run(STEP, WANTED)
    lines = [line for line in result.stderr.splitlines() if line.startswith("preflight ")]
    checks = {line.split()[1] for line in lines}
    assert checks == {"Clock", "Firewall", "Resolver", "SystemVerification", "Route"}
    assert len(lines) == len(checks)
    assert all(", wanted " in line and "; " in line for line in lines)
    assert result.errors == ["error: 5 preflight checks failed on w1"]
