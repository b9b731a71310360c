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


GUEST_SYSTEM = GuestSystem(
    name="debian-12",
    id="debian",
    version_id="12",
    codename=CODENAME,
    archive=archive,
    packages=("conntrack", "ethtool", "socat"),
    traces=Traces(package=("docker.io", "containerd", "runc", "podman", "crun")),
    is_default=True,
)
