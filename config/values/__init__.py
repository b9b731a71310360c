"""The single values of both files, each with its form in a message's words, as types of their schema.

Not here: words and versions that records know (config/releases.py), what a site file alone has (config/site.py).
"""

import ipaddress
import re
from ipaddress import IPv4Network
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from config.values.extra_config import without_owned
from config.values.hosts import LABEL, LONGEST_NAME, control_plane_endpoint, is_host_name, is_name, registry, server
from config.values.urls import https_url, mirrored_path, ova, path, registry_mirror

_HEX_64 = re.compile(r"[0-9a-f]{64}")
_SHORTEST_VALIDITY = 30 * 24
_LONGEST_VALIDITY = 10 * 365 * 24  # kubeadm's CACertificateValidityPeriod, hours
# https://www.iana.org/assignments/iana-ipv4-special-registry: this network, loopback, link-local, multicast, class E.
_RESERVED = tuple(map(IPv4Network, ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4")))


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
    if is_name(value):
        return value
    raise ValueError("wanted: a DNS domain in lower case, for example cluster.local")


def _certificate_name(value: str) -> str:
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        pass
    else:
        # The zone of an IPv6 address belongs to one machine, and Python takes any text for it.
        if "%" not in value:
            return str(address)
    if len(value) <= LONGEST_NAME and is_host_name(value.removeprefix("*.")):
        return value
    raise ValueError("wanted: a host name in lower case or an IP address, such as k8s.lab or 203.0.113.5")


def name(value: str) -> str:
    """A name as vSphere has them, of any characters. Raises ValueError."""
    if value and value == value.strip() and value.isprintable():
        return value
    raise ValueError("wanted: a name, without blanks around it")


def _linux_user(value: str) -> str:
    if re.fullmatch(r"[a-z_][a-z0-9_-]{0,31}", value):
        return value
    raise ValueError("wanted: a Linux user name: lower case letters, digits, _ and -, at most 32")


def _dns_label(value: str) -> str:
    if re.fullmatch(LABEL, value):
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
_NAME_SCHEMA = {"pattern": rf"^{LABEL}(\.{LABEL})*$", "maxLength": LONGEST_NAME}
_HTTPS_SCHEMA = {"pattern": r"^https://[^\s@?#]+$"}

Network = Annotated[IPv4Network, BeforeValidator(_network), Field(json_schema_extra=_NETWORK_SCHEMA)]
PodSubnet = Annotated[Network, AfterValidator(_pod_network)]
ServiceSubnet = Annotated[Network, AfterValidator(_service_network)]
DnsDomain = Annotated[str, AfterValidator(_dns_domain), Field(json_schema_extra=_NAME_SCHEMA)]
Server = Annotated[str, AfterValidator(server), Field(json_schema_extra={"pattern": "^[-A-Za-z0-9.]+(:[0-9]{1,5})?$"})]
ControlPlaneEndpoint = Annotated[
    str, AfterValidator(control_plane_endpoint), Field(json_schema_extra={"pattern": r"^[-a-z0-9.]+(:[0-9]{1,5})?$"})
]
RegistryHost = Annotated[str, AfterValidator(registry)]
RegistryMirror = Annotated[str, AfterValidator(registry_mirror)]
MirroredPath = Annotated[str, AfterValidator(mirrored_path)]
CertificateName = Annotated[str, AfterValidator(_certificate_name)]
HttpsUrl = Annotated[str, AfterValidator(https_url), Field(json_schema_extra=_HTTPS_SCHEMA)]
OvaLocation = Annotated[str, AfterValidator(ova)]
ExtraConfig = Annotated[dict[str, str], AfterValidator(without_owned)]
FilePath = Annotated[str, AfterValidator(path)]
ClusterName = Annotated[str, AfterValidator(_dns_label), Field(json_schema_extra={"pattern": f"^{LABEL}$"})]
ValidityPeriod = Annotated[
    str, AfterValidator(_validity_period), Field(json_schema_extra={"pattern": "^[1-9][0-9]{0,5}h$"})
]
Name = Annotated[str, AfterValidator(name)]
LinuxUser = Annotated[str, AfterValidator(_linux_user)]
NodeName = Annotated[str, AfterValidator(_dns_label), Field(json_schema_extra={"pattern": f"^{LABEL}$"})]
TargetName = NodeName
Sha256 = Annotated[str, AfterValidator(_sha256), Field(json_schema_extra={"pattern": "^[0-9a-fA-F]{64}$"})]
Fingerprint = Annotated[str, AfterValidator(_fingerprint)]
KeyFingerprint = Annotated[str, AfterValidator(_key_fingerprint)]
ArgumentName = Annotated[
    str, AfterValidator(_argument_name), Field(json_schema_extra={"pattern": "^[a-z0-9][a-z0-9.-]*$"})
]
