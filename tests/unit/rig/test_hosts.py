"""The simulated hosts, side by side on one network of machines."""

from ipaddress import IPv4Address, IPv4Network, summarize_address_range
from itertools import combinations

from rig.host import network
from rig.services import hosts


def test_no_two_of_those_who_give_addresses_have_one_in_common() -> None:
    first, last = IPv4Address(network.LEASED_FIRST), IPv4Address(network.LEASED_LAST)
    parts = [IPv4Network(host.addresses) for host in hosts.ALL]
    parts += [IPv4Network(hosts.BARE_MACHINES), *summarize_address_range(first, last)]
    assert all(part.subnet_of(IPv4Network(network.SUBNET)) for part in parts)
    assert not [pair for pair in combinations(parts, 2) if pair[0].overlaps(pair[1])]


def test_each_host_has_a_service_a_port_and_a_folder_of_its_own() -> None:
    assert len({host.name for host in hosts.ALL}) == len({host.usual_port for host in hosts.ALL}) == len(hosts.ALL)


def test_a_site_file_names_only_hosts_that_run() -> None:
    assert {host.name for site in hosts.SITES.values() for host in site} <= {host.name for host in hosts.ALL}
