"""00-preflight.sh: what a stock image or a host brings along, and what a kubelet on it would suffer from."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from tests.shell.guest.machine import Guest
from tests.shell.steps import PREFLIGHT
from tests.shell.world import MIRROR

STEP, WANTED = PREFLIGHT.file, PREFLIGHT.environment
SERVER = MIRROR.removeprefix("https://")
UPSTREAM = "https://packages.test"
RTC = "/sys/class/rtc/rtc0/since_epoch"
IPTABLES = "*filter\n:INPUT DROP [0:0]\n:FORWARD ACCEPT [0:0]\n-A INPUT -i lo -j ACCEPT\n"
NFTABLES = (
    "table inet filter {{\n\tchain input {{\n\t\ttype filter hook input priority filter; policy drop;\n{}\t}}\n}}"
)


@pytest.fixture(autouse=True)
def machine(guest: Guest) -> None:
    PREFLIGHT.prepare(guest)


def said(guest: Guest, check: str, **changed: str) -> str:
    """The one line of a preflight that is refused for this check alone."""
    result = guest.run(STEP, {**WANTED, **changed})
    assert result.status == 1, result.stderr
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("preflight ")]
    assert line.startswith(f"preflight {check} on w1: found "), line
    return line


def assert_fit(guest: Guest, **changed: str) -> None:
    """The machine passes without a word."""
    result = guest.run(STEP, {**WANTED, **changed})
    assert (result.status, result.stderr) == (0, "")


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


def open_ufw(guest: Guest, *ports: str) -> None:
    rules = "".join(
        f"-A ufw-user-input -p {protocol} --dport {port.replace('-', ':')} -j ACCEPT\n"
        for port, _, protocol in (each.partition("/") for each in ports)
    )
    guest.write("/etc/ufw/ufw.conf", "ENABLED=yes\nLOGLEVEL=low\n")
    guest.write("/etc/ufw/user.rules", f"*filter\n:ufw-user-input - [0:0]\n{rules}COMMIT\n")


NEEDED = [line.split()[0] for line in WANTED["FIREWALL_PORTS"].splitlines()]


@pytest.mark.case("C13")
class TestFirewall:
    def test_a_worker_needs_the_kubelets_port_nodeports_and_the_tunnels(self) -> None:
        assert NEEDED == ["10250/tcp", "30000-32767/tcp", "8472/udp"]

    def test_ufw_is_named_with_the_ports_that_it_keeps_closed(self, guest: Guest) -> None:
        open_ufw(guest, "22/tcp")
        line = said(guest, "Firewall")
        assert "found ufw, which keeps closed 10250/tcp (kubelet), 30000-32767/tcp (NodePorts), " in line
        assert "run: ufw allow 10250/tcp && ufw allow 30000:32767/tcp" in line
        assert "or: ufw disable" in line

    def test_what_its_message_says_to_do_is_enough(self, guest: Guest) -> None:
        open_ufw(guest, *NEEDED)
        assert_fit(guest)
        open_ufw(guest, *NEEDED[:-1])
        assert "which keeps closed 8472/udp (flannel), wanted" in said(guest, "Firewall")

    def test_ufw_that_is_installed_and_off_is_none(self, guest: Guest) -> None:
        guest.write("/etc/ufw/ufw.conf", "ENABLED=no\n")
        guest.state("units/ufw/active", "active")
        assert_fit(guest)

    def test_firewalld_is_named_with_the_ports_that_it_keeps_closed(self, guest: Guest) -> None:
        guest.state("units/firewalld/active", "active")
        guest.state("zones/public", "\n".join(NEEDED[1:]))
        line = said(guest, "Firewall")
        assert "found firewalld, which keeps closed 10250/tcp (kubelet), wanted" in line
        assert "firewall-cmd --permanent --add-port=10250/tcp" in line
        assert "--zone=trusted --add-source=10.244.0.0/16" in line

    @pytest.mark.parametrize("zone", ["public", "trusted"])
    def test_firewalld_that_lets_them_in_is_no_obstacle(self, guest: Guest, zone: str) -> None:
        guest.state("units/firewalld/active", "active")
        guest.state("zone", zone)
        guest.state("zones/public", "\n".join(NEEDED))
        assert_fit(guest)

    @pytest.mark.parametrize(
        "rules",
        [
            IPTABLES,
            "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp --dport 22 -j ACCEPT\n-A INPUT -j REJECT\n",
            # What a pod network accepts for itself opens nothing.
            f"{IPTABLES}-A FLANNEL-FWD -s 10.244.0.0/16 -j ACCEPT\n-A KUBE-FORWARD -j ACCEPT\n",
        ],
    )
    def test_rules_of_iptables_are_named(self, guest: Guest, rules: str) -> None:
        guest.state("rules/iptables", rules)
        assert "found iptables, which keeps closed 10250/tcp (kubelet)" in said(guest, "Firewall", CLEAN_INSTALL="true")

    @pytest.mark.parametrize(
        "rules",
        [
            "-A INPUT -s 10.87.0.0/24 -j ACCEPT",
            "-A INPUT -i eth0 -m state --state NEW,ESTABLISHED -j ACCEPT",
            "-A INPUT -p tcp -m multiport --dports 22,10000:32767 -j ACCEPT\n-A INPUT -p udp -j ACCEPT",
        ],
    )
    def test_rules_of_iptables_that_let_them_in_are_no_obstacle(self, guest: Guest, rules: str) -> None:
        guest.state("rules/iptables", f"{IPTABLES}{rules}\n")
        assert_fit(guest)

    def test_a_table_of_nftables_is_named(self, guest: Guest) -> None:
        guest.state("ruleset", NFTABLES.format("\t\tct state established,related accept\n\t\ttcp dport 22 accept\n"))
        assert "found nftables table inet filter, which keeps closed 10250/tcp" in said(guest, "Firewall")

    @pytest.mark.parametrize(
        "rules",
        [
            "\t\tip saddr 10.87.0.0/24 accept\n",
            "\t\ttcp dport { 22, 10250, 30000-32767 } accept\n\t\tudp dport { 8472, 30000-32767 } counter accept\n",
        ],
    )
    def test_a_table_of_nftables_that_lets_them_in_is_no_obstacle(self, guest: Guest, rules: str) -> None:
        guest.state("ruleset", NFTABLES.format(rules))
        assert_fit(guest)

    def test_a_drop_of_forwarded_packets_is_named(self, guest: Guest) -> None:
        guest.state("ruleset", NFTABLES.format("").replace("input", "forward"))
        assert "found a drop of forwarded packets in nftables table inet filter" in said(guest, "Forwarding")


@pytest.mark.case("C14")
class TestResolver:
    @pytest.mark.parametrize("server", ["127.0.0.1", "127.0.0.53", "::1", "0.0.0.0"])
    def test_one_of_the_machines_own_is_named_with_what_to_set(self, guest: Guest, server: str) -> None:
        guest.write("/etc/resolv.conf", f"search lab\nnameserver {server}\n")
        line = said(guest, "Resolver")
        assert f"found {server} in /etc/resolv.conf" in line
        assert "set kubelet: {resolvConf: " in line

    def test_the_file_that_has_the_real_servers_is_told(self, guest: Guest) -> None:
        guest.write("/etc/resolv.conf", "nameserver 127.0.0.1\n")
        guest.write("/run/dnsmasq/resolv.conf", "nameserver 10.87.0.1\n")
        assert "set kubelet: {resolvConf: /run/dnsmasq/resolv.conf}, which has them" in said(guest, "Resolver")
        assert_fit(guest, RESOLV_CONF="/run/dnsmasq/resolv.conf")

    def test_systemd_resolved_has_a_list_of_its_own_which_kubeadm_takes(self, guest: Guest) -> None:
        guest.write("/etc/resolv.conf", "nameserver 127.0.0.53\n")
        guest.state("units/systemd-resolved/active", "active")
        guest.write("/run/systemd/resolve/resolv.conf", "nameserver 10.87.0.1\n")
        assert_fit(guest)
        guest.write("/run/systemd/resolve/resolv.conf", "# none known\n")
        assert "found no name server in /run/systemd/resolve/resolv.conf" in said(guest, "Resolver")

    def test_a_file_that_is_empty_or_not_there_is_named(self, guest: Guest) -> None:
        guest.write("/etc/resolv.conf", "")
        assert "found no name server in /etc/resolv.conf" in said(guest, "Resolver")
        guest.remove("/etc/resolv.conf")
        assert "found no file /etc/resolv.conf" in said(guest, "Resolver")

    def test_more_servers_than_pods_get_are_a_warning(self, guest: Guest) -> None:
        guest.write("/etc/resolv.conf", "".join(f"nameserver 10.87.0.{number}\n" for number in range(1, 5)))
        result = guest.run(STEP, WANTED)
        assert result.status == 0
        assert "warning: preflight Resolver on w1: found 4 name servers in /etc/resolv.conf" in result.stderr


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


@pytest.mark.case("C10")
def test_a_missing_default_route_is_named_with_what_needs_one(guest: Guest) -> None:
    guest.forget("route-default")
    assert "no default route" in said(guest, "Route")
    assert "10.96.0.0/12" in said(guest, "Route")


@pytest.mark.case("C10")
def test_an_isolated_network_with_a_route_to_the_services_is_enough(guest: Guest) -> None:
    guest.forget("route-default")
    guest.state("route-10.96.0.0_12", "10.96.0.0/12 dev eth0")
    assert_fit(guest)


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
