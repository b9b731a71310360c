"""The inputs of a virtual machine: what they may be, and as the driver wants them. Pure."""

import re
from collections.abc import Callable, Mapping
from ipaddress import IPv4Network
from typing import Any

from provider.vsphere.model import DesiredMachine
from provider.vsphere.spec import RESERVED_PREFIXES
from provider.wire import Properties, is_unknown

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_MIB_STEP = 4  # ESXi wants memory in multiples of 4 MiB


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _network(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(IPv4Network(value))
    except ValueError:
        return False


def _count(least: int, most: int, step: int = 1) -> Callable[[Any], bool]:
    return lambda value: (
        isinstance(value, int) and not isinstance(value, bool) and least <= value <= most and value % step == 0
    )


def _extra_config(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(item, str) and item and not key.startswith(RESERVED_PREFIXES) for key, item in value.items()
    )


def _truth(value: Any) -> bool:
    return isinstance(value, bool)


def _texts(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(item, str) and item for item in value.values())


_RULES: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "name": (lambda value: isinstance(value, str) and bool(_NAME.fullmatch(value)), "an RFC 1123 label such as w1"),
    "cpus": (_count(1, 768), "a whole number from 1 to 768"),
    "memoryMiB": (_count(128, 24 * 1024 * 1024, _MIB_STEP), "MiB, a multiple of 4, at least 128"),
    "diskGiB": (_count(1, 62 * 1024), "a whole number of GiB from 1 to 63488"),
    "nestedVirtualization": (_truth, "true or false"),
    "image": (_text, "an image's diskPath"),
    "imageSha256": (lambda value: isinstance(value, str) and bool(_SHA256.fullmatch(value)), "64 hex digits"),
    "datastore": (_text, "a datastore's name"),
    "network": (_text, "a network's name"),
    "machineNetwork": (_network, "an IPv4 network such as 10.87.0.0/24"),
    "sshUser": (_text, "a user name"),
    "sshPublicKey": (_text, "a public key"),
    "hostKeyPrivate": (_text, "a private key (its value is not shown)"),
    "hostKeyPublic": (_text, "a public key"),
    "extraConfig": (_extra_config, f"a map of non-empty texts without keys in {' or '.join(RESERVED_PREFIXES)}*"),
    "replaceTriggers": (_texts, "a map of non-empty texts"),
    "keepOnTriggers": (_truth, "true or false"),
}
_OPTIONAL = {"extraConfig", "replaceTriggers", "keepOnTriggers"}
_HIDDEN = {"hostKeyPrivate"}


def faults(news: Properties) -> dict[str, str]:
    """Returns what is wrong, by property, all at once; values that are not known yet pass."""
    found: dict[str, str] = {}
    for key, (is_valid, wanted) in _RULES.items():
        if key not in news:
            if key not in _OPTIONAL:
                found[key] = f"missing, wanted {wanted}"
        elif not is_unknown(news[key]) and not is_valid(news[key]):
            shown = "another value" if key in _HIDDEN else repr(news[key])
            found[key] = f"found {shown}, wanted {wanted}"
    unknown = set(news) - set(_RULES) - {"instanceUuid", "moid", "ipAddress", "macAddress"}
    return found | dict.fromkeys(sorted(unknown), "unknown property")


def desired(inputs: Properties) -> DesiredMachine:
    """Returns checked inputs as the driver wants them."""
    return DesiredMachine(
        name=inputs["name"],
        cpus=int(inputs["cpus"]),
        memory_mib=int(inputs["memoryMiB"]),
        disk_gib=int(inputs["diskGiB"]),
        nested_virtualization=bool(inputs["nestedVirtualization"]),
        image_disk=inputs["image"],
        image_sha256=inputs["imageSha256"],
        datastore=inputs["datastore"],
        network=inputs["network"],
        machine_network=IPv4Network(inputs["machineNetwork"]),
        ssh_user=inputs["sshUser"],
        ssh_public_key=inputs["sshPublicKey"],
        host_key_private=inputs["hostKeyPrivate"],
        host_key_public=inputs["hostKeyPublic"],
        extra_config=dict(inputs.get("extraConfig", {})),
    )
