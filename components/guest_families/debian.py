"""Releases of Debian: their archive, their packages, and which of them is the default guest. Pure."""

from components.apt import ANY_FINGERPRINT, Repository, fingerprint_of
from components.guest_families.programs import OF_KUBERNETES, PACKAGES, by_program
from components.records.guest_system import GuestSystem
from components.records.traces import Traces
from config.platform import MirrorsConfig

ID = "debian"
# Of a node whose image does not say what it holds: this line alone decides.
DEFAULT_RELEASE = "13"
# Of its own packages; docker's client has one of its own in newer releases.
_RUNTIMES = ("docker.io", "docker-cli", "docker-compose", "docker-buildx", "containerd", "runc", "podman", "crun")


def debian(release: str, codename: str) -> GuestSystem:
    """The release `release` (`13`) of Debian, whose package sources have the suite `codename`."""

    def archive(mirrors: MirrorsConfig) -> Repository | None:
        """The site's mirror of Debian, signed by the mirror's own key; without one the image's sources stay."""
        if mirrors.apt_debian is None:
            return None
        key = f"{mirrors.apt_debian}/archive-key.asc"
        fingerprint = fingerprint_of(ID, ANY_FINGERPRINT, mirrors)
        return Repository(ID, mirrors.apt_debian, codename, "main", key, fingerprint, mirrored=True)

    return GuestSystem(
        name=f"{ID}-{release}",
        id=ID,
        version_id=release,
        codename=codename,
        archive=archive,
        programs=by_program(PACKAGES),
        packages=OF_KUBERNETES,
        traces=Traces(package=_RUNTIMES),
        time_service="systemd-timesyncd (timedatectl timesync-status)",
        network_files="/etc/netplan",
        is_default=release == DEFAULT_RELEASE,
    )
