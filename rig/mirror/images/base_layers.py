"""The layers that images share: a minimal root with a shell, and the network tools of kube-proxy and flannel."""

from pathlib import Path

from rig.mirror.images.debian_layer import unpack
from rig.mirror.images.layers import Directory, File, Link

_PASSWD = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
_GROUP = "root:x:0:\nnogroup:x:65534:\n"
_APPLETS = """
    ash awk base64 basename cat chmod chown cp cut date dd df dirname du echo env expr false find free grep
    gunzip gzip head hostname id ifconfig ip kill less ln ls md5sum mkdir mktemp modprobe more mount mv nc
    netstat nslookup od ping ping6 printf ps pwd readlink realpath rm rmdir route sed seq sh sha256sum sleep
    sort stat sync tail tar tee test timeout top touch tr traceroute true umount uname uniq uptime vi wc wget
    which whoami xargs yes
"""
# Debian's choice too. The kubelet's own chains are made by the node's iptables, which is of the same kind.
_IPTABLES_KIND = "nft"
_IPTABLES = tuple(f"{family}{verb}" for family in ("iptables", "ip6tables") for verb in ("", "-save", "-restore"))


def shell_version(debs: Path) -> str:
    """The version of busybox that `shell` gets, without Debian's revision."""
    (package,) = debs.glob("busybox-static_*.deb")
    return package.name.split("_")[1].removeprefix("1%3a").partition("-")[0]


def shell(debs: Path) -> dict[str, File | Link | Directory]:
    """A usr-merged root with busybox, accounts and /tmp; `debs`: directory with Debian's busybox-static."""
    return {
        **{name: Link(f"usr/{name}") for name in ("bin", "sbin", "lib", "lib64")},
        **{f"usr/{name}": Directory() for name in ("bin", "sbin", "lib", "lib64")},
        **unpack(debs.glob("busybox-static_*.deb")),
        **{f"usr/bin/{applet}": Link("busybox") for applet in _APPLETS.split()},
        "etc/passwd": File(_PASSWD.encode()),
        "etc/group": File(_GROUP.encode()),
        "etc/nsswitch.conf": File(b"hosts: files dns\n"),
        "tmp": Directory(0o1777),
    }


def network(debs: Path) -> dict[str, File | Link | Directory]:
    """iptables, nft, ipset and conntrack with their libraries; `debs`: directory with the packages."""
    tree = unpack(debs.glob("*.deb"))
    names = {name: name.replace("tables", f"tables-{_IPTABLES_KIND}", 1) for name in _IPTABLES}
    return {**tree, **{f"usr/sbin/{name}": Link(kind) for name, kind in names.items()}}
