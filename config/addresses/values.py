"""The single values: an IPv4 address, a name server, a search domain, a MAC. All of these raise ValueError."""

import re
from ipaddress import IPv4Address
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from config.values.hosts import is_host_name

_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
# VMware's own: https://techdocs.broadcom.com, "VMware OUI in Static MAC Addresses"; below it a user's to give.
_VMWARE, _LAST_FREE_OCTET = "00:50:56", 0x3F
_GENERATED = ("00:0c:29", "00:05:69", "00:1c:14")


def _address(value: object) -> IPv4Address:
    if isinstance(value, str) and value.count(":") > 1:
        raise ValueError(
            "which is an IPv6 address: kubelab builds IPv4 clusters alone; wanted: one such as 192.168.1.11"
        )
    if isinstance(value, str) and "/" in value:
        raise ValueError("wanted: the address alone, such as 192.168.1.11; its prefix is that of addresses/network")
    try:
        return IPv4Address(value if isinstance(value, str) else "")
    except ValueError:
        raise ValueError("wanted: an IPv4 address such as 192.168.1.11") from None


def _name_server(value: IPv4Address) -> IPv4Address:
    special = value.is_loopback or value.is_link_local or value.is_unspecified
    if special or value.is_multicast or value.is_reserved:
        raise ValueError("which no pod reaches; wanted: the address of a server, such as 192.168.1.1")
    return value


def _search_domain(value: str) -> str:
    if is_host_name(value):
        return value
    raise ValueError("wanted: a DNS domain in lower case, such as lab.example")


def _mac(value: object) -> str:
    """In lower case with colons."""
    mac = value.lower().replace("-", ":") if isinstance(value, str) else ""
    if not _MAC.fullmatch(mac):
        raise ValueError(
            "wanted: a MAC address, six pairs of hexadecimal digits in quotes, such as '00:50:56:00:00:0b'"
        )
    if mac == "00:00:00:00:00:00" or int(mac[:2], 16) & 1:
        raise ValueError("which is no address of a single card; wanted: one such as 00:50:56:00:00:0b")
    if mac.startswith(_GENERATED) or (mac.startswith(_VMWARE) and int(mac[9:11], 16) > _LAST_FREE_OCTET):
        raise ValueError(
            "which vSphere keeps for MACs that it makes itself; allowed: 00:50:56:00:00:00 to 00:50:56:3f:ff:ff, or "
            "another vendor's prefix"
        )
    return mac


def _each_once(found: tuple[object, ...]) -> tuple[object, ...]:
    twice = sorted({str(each) for each in found if found.count(each) > 1})
    if twice:
        raise ValueError(f"found {', '.join(twice)} twice, allowed: each once")
    return found


_SCHEMA = {"type": "string", "pattern": r"^[0-9]{1,3}(\.[0-9]{1,3}){3}$"}
_MAC_SCHEMA = {"type": "string", "pattern": "^[0-9A-Fa-f]{2}([-:][0-9A-Fa-f]{2}){5}$"}

Address = Annotated[IPv4Address, BeforeValidator(_address), WithJsonSchema(_SCHEMA)]
NameServer = Annotated[Address, AfterValidator(_name_server), WithJsonSchema(_SCHEMA)]
NameServers = Annotated[tuple[NameServer, ...], Field(strict=False, max_length=3), AfterValidator(_each_once)]
SearchDomains = Annotated[
    tuple[Annotated[str, AfterValidator(_search_domain)], ...],
    Field(strict=False, max_length=6),
    AfterValidator(_each_once),
]
MacAddress = Annotated[str, BeforeValidator(_mac), WithJsonSchema(_MAC_SCHEMA)]
