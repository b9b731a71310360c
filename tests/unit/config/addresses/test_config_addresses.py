"""What a lab's machines are known by: addresses, MACs made of them, name servers, and who keeps names."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network
from itertools import islice
from pathlib import Path

import pytest

import config
from config import ConfigError
from config.addresses.assigned import derived_mac
from tests.unit.config.lab_folder import CASES, LabFolder

VALID = CASES / "valid"


@pytest.fixture
def static(lab_folder: Callable[[Path], LabFolder]) -> LabFolder:
    """A site whose machines have addresses of their own."""
    return lab_folder(VALID / "43-static-addresses")


def test_static_addresses_arrive_with_what_belongs_to_them(static: LabFolder) -> None:
    lab = static.load()
    assert lab.site.addresses == config.AddressesConfig(
        "10.87.0.0/24", "static", "10.87.0.1", ("10.87.0.2", "192.0.2.53"), ("lab.example",), "hosts"
    )
    cp1, w1 = lab.nodes
    assert (cp1.address, cp1.mac_address) == ("10.87.0.11", "00:50:56:17:00:0b")
    assert (w1.address, w1.mac_address) == ("10.87.0.12", "02:00:5e:10:00:01")


def test_with_dhcp_a_mac_is_the_users_or_is_left_to_the_host(minimal: LabFolder) -> None:
    assert {(node.address, node.mac_address) for node in minimal.load().nodes} == {("", "")}
    minimal.stack.write_text(minimal.stack.read_text().replace("worker}", "worker, macAddress: 00:50:56:3F:FF:FF}"))
    assert [node.mac_address for node in minimal.load().nodes] == ["", "00:50:56:3f:ff:ff"]


@pytest.mark.parametrize("network", ["192.168.1.0/24", "10.0.0.0/10", "172.31.255.0/24"])
def test_macs_made_of_addresses_of_one_network_differ_and_are_vmwares_to_give(network: str) -> None:
    hosts = IPv4Network(network)
    some = {*islice(hosts.hosts(), 300), hosts.broadcast_address - 1}
    macs = [derived_mac(address) for address in some]
    assert len(set(macs)) == len(some)
    assert all("00:50:56:00:00:00" <= mac <= "00:50:56:3f:ff:ff" for mac in macs)


def test_a_mac_made_of_an_address_is_the_same_every_time() -> None:
    assert derived_mac(IPv4Address("192.168.1.11")) == "00:50:56:28:01:0b"


def test_what_belongs_to_no_node_is_asked_for_when_addresses_are_static(static: LabFolder) -> None:
    """The gateway of a lab that changed its network, and a node that was added."""
    static.edit_site("10.87.0.0/24", "10.88.0.0/24")
    with pytest.raises(ConfigError) as raised:
        static.load()
    assert {problem.path for problem in raised.value.problems} == {
        "kubelab:nodes/cp1/address",
        "kubelab:nodes/w1/address",
        "addresses/gateway",
    }
