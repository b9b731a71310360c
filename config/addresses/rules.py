"""Rules across both files: each machine has its address and its MAC, and no two have the same."""

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address

from config.addresses.assigned import mac_of
from config.documents import Documents
from config.problems import Problem
from config.stack import NodeSpec

_HOSTS = "/etc/hosts"


def broken_rules(documents: Documents) -> Iterator[Problem]:
    """Every rule of addresses and names that the documents break."""
    if documents.site.addresses.mode == "dhcp":
        yield from _said_beside_dhcp(documents)
    elif _made(documents):
        yield from _incomplete(documents)
        yield from _gateway(documents)
        yield from _addresses(documents)
    yield from _macs_twice(documents)
    yield from _hosts_said_twice(documents)


def _made(documents: Documents) -> Mapping[str, NodeSpec]:
    """The nodes whose machines are made here: of others the site says the address."""
    return {name: node for name, node in documents.nodes.items() if not documents.existing_of(name)}


def _said_beside_dhcp(documents: Documents) -> Iterator[Problem]:
    site = documents.site.addresses
    for key, value in (
        ("gateway", site.gateway),
        ("nameServers", site.name_servers),
        ("searchDomains", site.search_domains),
    ):
        if value:
            text = "found beside mode dhcp, by which machines are told it"
            yield documents.in_site(f"addresses/{key}", f"{text}; remove it, or write mode: static")
    for name, node in _made(documents).items():
        if node.address is not None:
            text = f"found an address where {documents.site_file} has addresses/mode dhcp; write mode: static there, or"
            yield documents.in_node(name, "address", f"{text} macAddress here, and reserve the address by that MAC")


def _incomplete(documents: Documents) -> Iterator[Problem]:
    site = documents.site.addresses
    if site.gateway is None:
        yield documents.in_site(
            "addresses/gateway", "missing, wanted: the router of the machine network, as mode is static"
        )
    if not site.name_servers:
        yield documents.in_site("addresses/nameServers", "missing, wanted: one name server or more, as mode is static")
    for name, node in _made(documents).items():
        if node.address is None:
            text = (
                f"missing, wanted: an address of {site.network}, as addresses/mode is static in {documents.site_file}"
            )
            yield documents.in_node(name, "address", text)


def _gateway(documents: Documents) -> Iterator[Problem]:
    site = documents.site.addresses
    if site.gateway is not None and (fault := _unfit(documents, site.gateway)):
        yield documents.in_site("addresses/gateway", f"found {site.gateway}, {fault}")


def _addresses(documents: Documents) -> Iterator[Problem]:
    site, holders = documents.site.addresses, dict[IPv4Address, str]()
    for name, node in _made(documents).items():
        address = node.address
        if address is None:
            continue
        holder = holders.setdefault(address, name)
        if fault := _unfit(documents, address):
            yield documents.in_node(name, "address", f"found {address}, {fault}")
        elif address == site.gateway:
            yield documents.in_node(name, "address", f"found {address}, the gateway's; choose another")
        elif address in site.name_servers:
            yield documents.in_node(name, "address", f"found {address}, a name server's; choose another")
        elif holder != name:
            yield documents.in_node(name, "address", f"found {address}, which {holder} has too; choose another")


def _unfit(documents: Documents, address: IPv4Address) -> str:
    network = documents.site.addresses.network
    if network is None:
        return ""
    if address not in network:
        return f"outside of {network}, the network of machines; choose one in it"
    if address in (network.network_address, network.broadcast_address) and network.prefixlen < 31:
        return f"which no machine of {network} can have, as it is that of the network or of all in it; choose another"
    return ""


def _macs_twice(documents: Documents) -> Iterator[Problem]:
    holders = dict[str, str]()
    for name, node in _made(documents).items():
        mac = mac_of(documents, name)
        holder = holders.setdefault(mac, name) if mac else name
        said_of_addresses = node.address is not None and node.address == documents.nodes[holder].address
        if holder != name and not said_of_addresses:
            made = "" if node.mac_address else ", made of its address"
            text = f"found {mac}{made}, which {holder} has too; wanted: a MAC of its own, such as 00:50:56:00:00:0b"
            yield documents.in_node(name, "macAddress", text)


def _hosts_said_twice(documents: Documents) -> Iterator[Problem]:
    if documents.site.addresses.names != "hosts":
        return
    text = (
        f"found beside addresses/names hosts in {documents.site_file}, which keeps names there; remove one of the two"
    )
    if _HOSTS in documents.cluster.files:
        yield documents.in_cluster(f"files/{_HOSTS}", text)
    for name, node in documents.nodes.items():
        if _HOSTS in node.files:
            yield documents.in_node(name, f"files/{_HOSTS}", text)
