"""Debian 12, bookworm: its identification, its archive and the names of its packages. Pure data."""

from components.apt import ANY_FINGERPRINT, Repository, fingerprint_of
from components.guest_system import GuestSystem
from components.traces import Traces
from config.lab import MirrorsConfig

CODENAME = "bookworm"


def archive(mirrors: MirrorsConfig) -> Repository | None:
    """The site's mirror of Debian, signed by the mirror's own key; without one the image's sources stay."""
    if mirrors.apt_debian is None:
        return None
    key = f"{mirrors.apt_debian}/archive-key.asc"
    fingerprint = fingerprint_of("debian", ANY_FINGERPRINT, mirrors)
    return Repository("debian", mirrors.apt_debian, CODENAME, "main", key, fingerprint, mirrored=True)


# Debian's own cloud images lack some of these, each in another version of the image: gnupg always, which is why no step
# calls it; procps, openssl or curl in the smaller ones.
PROGRAMS = {
    "apt": ("apt-get", "apt-mark"),
    "bash": ("bash",),
    "ca-certificates": ("update-ca-certificates",),
    "cloud-init": ("cloud-init",),
    "coreutils": (
        *("base64", "cat", "chmod", "chown", "comm", "cp", "cut", "date", "df", "dirname", "env", "head", "install"),
        *("mkdir", "mktemp", "mv", "nproc", "paste", "rm", "sha256sum", "sleep", "sort", "stat"),
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

GUEST_SYSTEM = GuestSystem(
    name="debian-12",
    id="debian",
    version_id="12",
    codename=CODENAME,
    archive=archive,
    programs={program: package for package, programs in PROGRAMS.items() for program in programs},
    packages=("conntrack", "ethtool", "socat"),
    traces=Traces(package=("docker.io", "containerd", "runc", "podman", "crun")),
    is_default=True,
)
