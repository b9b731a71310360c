"""From what is written of addresses to what each machine has. Pure."""

from ipaddress import IPv4Address

from config.documents import Documents
from config.platform import AddressesConfig

_BITS = 22  # that VMware leaves to users: 00:50:56:00:00:00 to 00:50:56:3f:ff:ff


def addresses(documents: Documents) -> AddressesConfig:
    """The site's part of two documents without faults."""
    written = documents.site.addresses
    return AddressesConfig(
        network=str(written.network or ""),
        mode=written.mode,
        gateway=str(written.gateway or ""),
        name_servers=tuple(map(str, written.name_servers)),
        search_domains=written.search_domains,
        names=written.names,
    )


def mac_of(documents: Documents, name: str) -> str:
    """The MAC of a node: its own, with a static address one made of that; "" leaves it to the host."""
    node = documents.nodes[name]
    if node.mac_address is None and documents.site.addresses.mode == "static" and node.address is not None:
        return derived_mac(node.address)
    return node.mac_address or ""


def derived_mac(address: IPv4Address) -> str:
    """The address' last 22 bits in VMware's range for MACs that users give: as unique as the address in its network."""
    digits = f"{int(address) & (1 << _BITS) - 1:06x}"
    return f"00:50:56:{digits[:2]}:{digits[2:4]}:{digits[4:]}"
