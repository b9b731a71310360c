"""The single values of both files: networks, hosts, URLs, paths and names, each with its form in a message's words.

Not here: words and versions that records know (config/releases.py), what a site file alone has (config/site.py).
"""

import ipaddress
import re
from ipaddress import IPv4Address, IPv4Network
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(\.{_LABEL})*", re.IGNORECASE | re.ASCII)
_LONGEST_NAME = 253
_HEX_64 = re.compile(r"[0-9a-f]{64}")
_SHORTEST_VALIDITY = 30 * 24
_LONGEST_VALIDITY = 10 * 365 * 24  # kubeadm's CACertificateValidityPeriod, hours
_URL_PATH = re.compile(r"([A-Za-z0-9._~+:@=,!*()/-]|%(?!2[eEfF]|5[cC]|[01]|7[fF])[0-9a-fA-F]{2})*")
# https://www.iana.org/assignments/iana-ipv4-special-registry: this network, loopback, link-local, multicast, class E.
_RESERVED = tuple(map(IPv4Network, ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4")))
_API_PORT = 6443  # kubeadm's default of localAPIEndpoint.bindPort, and so of a controlPlaneEndpoint without a port


def _network(value: object) -> IPv4Network:
    example = "wanted: an IPv4 network such as 10.244.0.0/16"
    dual = isinstance(value, list) or (isinstance(value, str) and "," in value)
    if dual or (isinstance(value, str) and value.count(":") > 1):
        kind = "several networks, as for dual-stack" if dual else "an IPv6 network"
        raise ValueError(f"which is {kind}: kubelab builds IPv4 clusters alone, and no dual-stack ones yet; {example}")
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
    if any(network.overlaps(reserved) for reserved in _RESERVED):
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


def _dns_domain(value: str) -> str:
    if _is_name(value):
        return value
    raise ValueError("wanted: a DNS domain in lower case, for example cluster.local")


def _is_name(value: str) -> bool:
    return len(value) <= _LONGEST_NAME and _HOST.fullmatch(value) is not None and value == value.lower()


def _is_host_name(value: str) -> bool:
    """Whether it is a name and no address: what ends in a number is an IP address or a slip in one."""
    return _is_name(value) and not value.rpartition(".")[2].isdigit()


def _is_port(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) <= 5 and 0 < int(value) < 65536


def _server(value: str) -> str:
    host, colon, port = value.partition(":")
    if _HOST.fullmatch(host) and (not colon or _is_port(port)):
        return value
    raise ValueError(f"wanted: host or host:port{_meant_host(value)}")


def _meant_host(url: str) -> str:
    meant = urlsplit(url).netloc if "://" in url else ""
    return f", did you mean {meant}?" if meant and "@" not in meant else ""


def _control_plane_endpoint(value: str) -> str:
    """`host:port`, as kubeadm has it: https://kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta4/."""
    host, colon, port = value.partition(":")
    if colon and not _is_port(port):
        host = ""
    try:
        address = IPv4Address(host)
    except ValueError:
        if not _is_host_name(host):
            example = "a host name in lower case or an IPv4 address, with or without a port, such as k8s.lab:6443"
            raise ValueError(f"wanted: {example}{_meant_host(value)}") from None
    else:
        special = address.is_unspecified or address.is_loopback or address.is_link_local
        if special or address.is_multicast or address.is_reserved:
            raise ValueError("which no other machine can reach; wanted: an address that all nodes reach")
    return f"{host}:{port or _API_PORT}"


def _registry(value: str) -> str:
    host, colon, port = value.partition(":")
    if _is_host(host) and (not colon or _is_port(port)):
        return value
    raise ValueError("wanted: the host name of a registry, such as registry.k8s.io")


def _is_host(value: str) -> bool:
    """Whether it is a name, in any case, or an IPv4 address."""
    try:
        return bool(IPv4Address(value))
    except ValueError:
        return _is_host_name(value.lower()) and value.isascii()


def _https_url(value: str) -> str:
    """An https URL of the plainest form: curl, apt and the runtimes read it, and files are named by its parts."""
    scheme, _, rest = value.partition("://")
    server, slash, path = rest.partition("/")
    if scheme.lower() == "https" and "@" in server:
        raise ValueError("a URL may not hold a user or a password; remove them")
    host, colon, port = server.partition(":")
    if scheme.lower() != "https" or re.search(r"[?#\s]", rest):
        raise ValueError("wanted: an https:// URL, without query or fragment")
    if not _is_host(host):
        raise ValueError("wanted: an https:// URL")
    if colon and not _is_port(port):
        raise ValueError("wanted: an https:// URL, its port from 1 to 65535")
    if slash and not _is_path_of_url(path):
        raise ValueError("wanted: an https:// URL, its path of letters, digits and -._~%+:@=,!*() and without ..")
    return value.rstrip("/")


def _is_path_of_url(value: str) -> bool:
    """Whether no program could take it for another place: escapes that stand for dots or slashes are none either."""
    dots = any(part in (".", "..") for part in value.split("/"))
    return _URL_PATH.fullmatch(value) is not None and not dots


def _registry_mirror(value: str) -> str:
    url = _https_url(value)
    if f"{urlsplit(url).path}/".startswith("/v2/") and "//" not in urlsplit(url).path:
        return url
    raise ValueError("wanted: an https:// URL whose path is /v2 or begins with /v2/, as registries serve their API")


def _mirrored_path(value: str) -> str:
    if "://" not in value and all(value.split("/")) and _is_path_of_url(value):
        return value
    raise ValueError("wanted: the path of a file below mirrors/files, the upstream host first, such as github.com/...")


def _certificate_name(value: str) -> str:
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        pass
    else:
        # The zone of an IPv6 address belongs to one machine, and Python takes any text for it.
        if "%" not in value:
            return str(address)
    if len(value) <= _LONGEST_NAME and _is_host_name(value.removeprefix("*.")):
        return value
    raise ValueError("wanted: a host name in lower case or an IP address, such as k8s.lab or 203.0.113.5")


def _ova(value: str) -> str:
    if "://" not in value:
        return _path(value)
    if value.startswith("file:///") and value.isprintable() and not re.search(r"\s", value):
        return value
    try:
        return _https_url(value)
    except ValueError as error:
        raise ValueError(f"{error}, a file:/// URL, or a path") from None


def _path(value: str) -> str:
    if value.startswith("~"):
        raise ValueError("wanted: the whole path of a file; ~ is not expanded")
    if value.strip() and value.isprintable():
        return value
    raise ValueError("wanted: the path of a file")


def _dns_label(value: str) -> str:
    if re.fullmatch(_LABEL, value):
        return value
    if len(value) > 63:
        raise ValueError(f"of {len(value)} characters, allowed: 63")
    meant = re.sub(r"[^-a-z0-9]+", "-", value.lower()).strip("-")
    hint = f", for example {meant!r}" if meant else ""
    raise ValueError(f"wanted: lower case letters, digits and - between them{hint}")


def _validity_period(value: str) -> str:
    """kubeadm's `certificateValidityPeriod`, a duration in Go's form, in whole hours."""
    found = re.fullmatch(r"([1-9][0-9]{0,5})h", value, re.ASCII)
    if not found:
        raise ValueError("wanted: a number of hours such as 26280h, which are three years")
    hours = int(found[1])
    if not _SHORTEST_VALIDITY <= hours <= _LONGEST_VALIDITY:
        longest = f"{_LONGEST_VALIDITY}h (10 years, the life of the cluster's authority)"
        raise ValueError(f"allowed: {_SHORTEST_VALIDITY}h (30 days) to {longest}")
    return value


def _sha256(value: str) -> str:
    if _HEX_64.fullmatch(value.lower()):
        return value.lower()
    raise ValueError(f"of {len(value)} characters, wanted: 64 hexadecimal digits, as sha256sum prints them")


def _fingerprint(value: str) -> str:
    digits = value.replace(":", "").lower()
    if _HEX_64.fullmatch(digits):
        return digits
    raise ValueError(
        f"of {len(digits)} digits, wanted: the certificate's SHA-256 fingerprint of 64 digits, colons allowed"
    )


def _key_fingerprint(value: str) -> str:
    digits = value.replace(" ", "").replace(":", "").upper()
    if re.fullmatch(r"[0-9A-F]{40}", digits):
        return digits
    raise ValueError(
        f"of {len(digits)} characters, wanted: the fingerprint of an OpenPGP key, 40 hexadecimal digits, as"
        " `gpg --show-keys FILE` prints it"
    )


def _argument_name(value: str) -> str:
    if re.fullmatch(r"[a-z0-9][a-z0-9.-]*", value):
        return value
    bare = value.lstrip("-").partition("=")[0]
    hint = f", for example {bare}" if re.fullmatch(r"[a-z0-9][a-z0-9.-]*", bare) else ""
    raise ValueError(f"wanted: the argument's name, without dashes before it and without its value{hint}")


_NETWORK_SCHEMA = {"pattern": r"^[0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}$"}
_NAME_SCHEMA = {"pattern": rf"^{_LABEL}(\.{_LABEL})*$", "maxLength": _LONGEST_NAME}
_HTTPS_SCHEMA = {"pattern": r"^https://[^\s@?#]+$"}

Network = Annotated[IPv4Network, BeforeValidator(_network), Field(json_schema_extra=_NETWORK_SCHEMA)]
PodSubnet = Annotated[Network, AfterValidator(_pod_network)]
ServiceSubnet = Annotated[Network, AfterValidator(_service_network)]
DnsDomain = Annotated[str, AfterValidator(_dns_domain), Field(json_schema_extra=_NAME_SCHEMA)]
Server = Annotated[str, AfterValidator(_server), Field(json_schema_extra={"pattern": "^[-A-Za-z0-9.]+(:[0-9]{1,5})?$"})]
ControlPlaneEndpoint = Annotated[
    str, AfterValidator(_control_plane_endpoint), Field(json_schema_extra={"pattern": r"^[-a-z0-9.]+(:[0-9]{1,5})?$"})
]
RegistryHost = Annotated[str, AfterValidator(_registry)]
RegistryMirror = Annotated[str, AfterValidator(_registry_mirror)]
MirroredPath = Annotated[str, AfterValidator(_mirrored_path)]
CertificateName = Annotated[str, AfterValidator(_certificate_name)]
HttpsUrl = Annotated[str, AfterValidator(_https_url), Field(json_schema_extra=_HTTPS_SCHEMA)]
OvaLocation = Annotated[str, AfterValidator(_ova)]
FilePath = Annotated[str, AfterValidator(_path)]
ClusterName = Annotated[str, AfterValidator(_dns_label), Field(json_schema_extra={"pattern": f"^{_LABEL}$"})]
ValidityPeriod = Annotated[
    str, AfterValidator(_validity_period), Field(json_schema_extra={"pattern": "^[1-9][0-9]{0,5}h$"})
]
NodeName = Annotated[str, AfterValidator(_dns_label), Field(json_schema_extra={"pattern": f"^{_LABEL}$"})]
Sha256 = Annotated[str, AfterValidator(_sha256), Field(json_schema_extra={"pattern": "^[0-9a-fA-F]{64}$"})]
Fingerprint = Annotated[str, AfterValidator(_fingerprint)]
KeyFingerprint = Annotated[str, AfterValidator(_key_fingerprint)]
ArgumentName = Annotated[
    str, AfterValidator(_argument_name), Field(json_schema_extra={"pattern": "^[a-z0-9][a-z0-9.-]*$"})
]
