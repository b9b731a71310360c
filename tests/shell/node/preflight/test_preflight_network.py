"""00-preflight.sh: a firewall, a resolver or a route by which a kubelet's pods would reach nobody."""

import pytest

from tests.shell.guest.machine import Guest
from tests.shell.node.preflight.answers import STEP, WANTED, assert_fit, open_ufw, said
from tests.shell.steps import PREFLIGHT

IPTABLES = "*filter\n:INPUT DROP [0:0]\n:FORWARD ACCEPT [0:0]\n-A INPUT -i lo -j ACCEPT\n"
NFTABLES = (
    "table inet filter {{\n\tchain input {{\n\t\ttype filter hook input priority filter; policy drop;\n{}\t}}\n}}"
)
NEEDED = [line.split()[0] for line in WANTED["FIREWALL_PORTS"].splitlines()]


@pytest.fixture(autouse=True)
def machine(guest: Guest) -> None:
    PREFLIGHT.prepare(guest)


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
