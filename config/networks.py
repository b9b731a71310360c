"""The networks and addresses of the schema: what each must look like, said in the words of the error message."""

import ipaddress
from ipaddress import IPv4Address, IPv4Network
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator


def _network(value: object) -> IPv4Network:
    example = "wanted: an IPv4 network such as 10.244.0.0/16"
    if not isinstance(value, str) or "/" not in value:
        raise ValueError(example)
    try:
        interface = ipaddress.IPv4Interface(value)
    except ValueError:
        raise ValueError(example) from None
    network = interface.network
    if interface.ip != network.network_address:
        raise ValueError(f"with host bits set, did you mean {network}?")
    if str(network) != value:
        raise ValueError(f"wanted: the short form {network}")
    if network.is_loopback or network.is_link_local or network.is_multicast or network.network_address.is_unspecified:
        raise ValueError("which is reserved for other uses; choose a private network such as 10.244.0.0/16")
    return network


def _service_network(network: IPv4Network) -> IPv4Network:
    if 12 <= network.prefixlen <= 28:
        return network
    raise ValueError("allowed: a prefix length from /12 to /28 (kubeadm's limits)")


def _pod_network(network: IPv4Network) -> IPv4Network:
    if 8 <= network.prefixlen <= 24:
        return network
    raise ValueError("allowed: a prefix length from /8 to /24 (each node gets a /24 of it)")


def _address(value: object) -> IPv4Address:
    try:
        return IPv4Address(value if isinstance(value, str) else "")
    except ValueError:
        raise ValueError("wanted: an IPv4 address such as 10.87.0.11") from None


Network = Annotated[IPv4Network, BeforeValidator(_network)]
PodNetwork = Annotated[Network, AfterValidator(_pod_network)]
ServiceNetwork = Annotated[Network, AfterValidator(_service_network)]
Address = Annotated[IPv4Address, BeforeValidator(_address)]
