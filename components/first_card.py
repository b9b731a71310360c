"""What a machine's first network card is given, as the provider takes it. Pure."""

from collections.abc import Mapping
from ipaddress import IPv4Network
from typing import Any

from config import AddressesConfig, NodeConfig


def given(node: NodeConfig, addresses: AddressesConfig) -> Mapping[str, Any]:
    """Its MAC, and its address with what belongs to it; nothing of what the host and DHCP are to give."""
    mac = {"manualMacAddress": node.mac_address} if node.mac_address else {}
    if not node.address:
        return mac
    return {
        **mac,
        "staticAddress": f"{node.address}/{IPv4Network(addresses.network).prefixlen}",
        "gateway": addresses.gateway,
        "nameServers": list(addresses.name_servers),
        **({"searchDomains": list(addresses.search_domains)} if addresses.search_domains else {}),
    }
