"""Operating systems that no node can have, each with the reason: by the ID or ID_LIKE of its /etc/os-release. Pure."""

from collections.abc import Mapping
from types import MappingProxyType

_ENTERPRISE_LINUX = (
    "kubelab installs packages by apt, and Enterprise Linux has dnf; the cloud images of its release 10 lack "
    "br_netfilter besides, without which pods do not reach services"
)
_IMMUTABLE = "kubelab installs packages by apt, and such a system takes none"

REASONS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("rhel", "centos", "fedora"), _ENTERPRISE_LINUX),
        "suse": "kubelab installs packages by apt, and SUSE has zypper",
        "photon": "kubelab installs packages by apt, and Photon has tdnf",
        "alpine": "kubelab needs systemd and apt, and Alpine has neither",
        "arch": "kubelab installs packages by apt, and Arch has pacman",
        **dict.fromkeys(("coreos", "talos", "bottlerocket"), _IMMUTABLE),
    }
)

_WORDS: Mapping[str, str] = MappingProxyType(
    {
        **{name: name for name in REASONS},
        **dict.fromkeys(("rocky", "rockylinux", "almalinux", "alma", "el", "ol", "oracle", "oraclelinux"), "rhel"),
        **dict.fromkeys(("redhat", "amzn", "amazonlinux"), "rhel"),
        **dict.fromkeys(("sles", "sle", "opensuse", "leap", "tumbleweed", "microos"), "suse"),
        **dict.fromkeys(("flatcar", "fcos"), "coreos"),
        "archlinux": "arch",
    }
)


def reason(word: str) -> str | None:
    """Why no node can have the system that a user's word means (`rocky-9`); None if nothing is said of it."""
    name = word.lower().rstrip("0123456789.-_ ").rpartition("/")[2]
    known = _WORDS.get(name) or _WORDS.get(name.partition("-")[0])
    return REASONS[known] if known else None


def lines() -> str:
    """Lines of: names as /etc/os-release has them, separated by commas, a space, and the reason."""
    by_reason: dict[str, list[str]] = {}
    for name, text in REASONS.items():
        by_reason.setdefault(text, []).append(name)
    return "\n".join(f"{','.join(names)} {text}" for text, names in by_reason.items())
