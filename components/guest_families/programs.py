"""The programs that steps call, by the package of Debian and Ubuntu that brings each. Pure data."""

from collections.abc import Mapping
from types import MappingProxyType

# Cloud images lack some of these, each in another version of the image: gnupg always, which is why no step calls it;
# procps, openssl or curl in the smaller ones. Where two packages bring a program (gawk and mawk, sudo and sudo-rs, the
# coreutils of GNU and of uutils), the one named here is what is installed if there is neither.
PACKAGES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "apt": ("apt-get", "apt-mark"),
        "bash": ("bash",),
        "ca-certificates": ("update-ca-certificates",),
        "coreutils": (
            *("base64", "cat", "chmod", "chown", "comm", "cp", "cut", "date", "df", "dirname", "env", "head"),
            *(
                "install",
                "mkdir",
                "mktemp",
                "mv",
                "nproc",
                "paste",
                "rm",
                "sha256sum",
                "sha512sum",
                "sleep",
                "sort",
                "stat",
            ),
            *("sync", "tail", "timeout", "touch", "tr", "uname", "wc"),
        ),
        "curl": ("curl",),
        "diffutils": ("cmp", "diff"),
        "dpkg": ("dpkg", "dpkg-query"),
        "findutils": ("find", "xargs"),
        "grep": ("grep",),
        "iproute2": ("ip",),
        "kmod": ("modprobe",),
        "libc-bin": ("getent",),
        "mawk": ("awk",),
        "mount": ("swapoff", "swapon", "umount"),
        "openssl": ("openssl",),
        "procps": ("pkill", "ps", "sysctl"),
        "python3": ("python3",),
        "sed": ("sed",),
        "sudo": ("sudo",),
        "systemd": ("journalctl", "systemctl", "systemd-analyze"),
        "tar": ("tar",),
        "util-linux": ("findmnt", "flock", "mountpoint"),
    }
)

# What the kubelet and kube-proxy call on a node, and upstream's packages leave to the system.
OF_KUBERNETES = ("conntrack", "ethtool", "socat")


def by_program(packages: Mapping[str, tuple[str, ...]]) -> Mapping[str, str]:
    """Program -> the package that brings it."""
    return {program: package for package, programs in packages.items() for program in programs}
