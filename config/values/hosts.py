"""Hosts as both files name them: names, IPv4 addresses, ports, and the two together."""

import re
from ipaddress import IPv4Address
from urllib.parse import urlsplit

LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"{LABEL}(\.{LABEL})*", re.IGNORECASE | re.ASCII)
LONGEST_NAME = 253
_API_PORT = 6443  # kubeadm's default of localAPIEndpoint.bindPort, and so of a controlPlaneEndpoint without a port


def is_name(value: str) -> bool:
    """Whether it is a DNS name in lower case, of one label or several."""
    return len(value) <= LONGEST_NAME and _HOST.fullmatch(value) is not None and value == value.lower()


def is_host_name(value: str) -> bool:
    """Whether it is a name and no address: what ends in a number is an IP address or a slip in one."""
    return is_name(value) and not value.rpartition(".")[2].isdigit()


def is_port(value: str) -> bool:
    """Whether it is a number from 1 to 65535."""
    return value.isascii() and value.isdigit() and len(value) <= 5 and 0 < int(value) < 65536


def is_host(value: str) -> bool:
    """Whether it is a name, in any case, or an IPv4 address."""
    try:
        return bool(IPv4Address(value))
    except ValueError:
        return is_host_name(value.lower()) and value.isascii()


def server(value: str) -> str:
    """`host` or `host:port`. Raises ValueError, as all of these do."""
    host, colon, port = value.partition(":")
    if _HOST.fullmatch(host) and (not colon or is_port(port)):
        return value
    raise ValueError(f"wanted: host or host:port{_meant_host(value)}")


def registry(value: str) -> str:
    """The host of a registry, with or without a port, as image names begin with it."""
    host, colon, port = value.partition(":")
    if is_host(host) and (not colon or is_port(port)):
        return value
    raise ValueError("wanted: the host name of a registry, such as registry.k8s.io")


def control_plane_endpoint(value: str) -> str:
    """`host:port`, as kubeadm has it: https://kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta4/."""
    host, colon, port = value.partition(":")
    if colon and not is_port(port):
        host = ""
    try:
        address = IPv4Address(host)
    except ValueError:
        if not is_host_name(host):
            example = "a host name in lower case or an IPv4 address, with or without a port, such as k8s.lab:6443"
            raise ValueError(f"wanted: {example}{_meant_host(value)}") from None
    else:
        _refuse_unreachable(address)
    return f"{host}:{port or _API_PORT}"


def reachable_address(value: str) -> str:
    """An IPv4 address that other machines may have a way to."""
    try:
        address = IPv4Address(value)
    except ValueError:
        raise ValueError("wanted: an IPv4 address such as 192.168.1.21") from None
    _refuse_unreachable(address)
    return value


def _refuse_unreachable(address: IPv4Address) -> None:
    special = address.is_unspecified or address.is_loopback or address.is_link_local
    if special or address.is_multicast or address.is_reserved:
        raise ValueError("which no other machine can reach; wanted: an address that all nodes reach")


def _meant_host(url: str) -> str:
    meant = urlsplit(url).netloc if "://" in url else ""
    return f", did you mean {meant}?" if meant and "@" not in meant else ""
