"""Releases of Ubuntu: their archive, their packages, and what they are known to break. Pure."""

from collections.abc import Mapping

from components.apt import Repository, fingerprint_of
from components.guest_families.programs import OF_KUBERNETES, PACKAGES, by_program
from components.records.guest_system import GuestSystem
from components.records.traces import Traces
from config.platform import MirrorsConfig

ID = "ubuntu"
TIMESYNCD = "systemd-timesyncd (timedatectl timesync-status)"
CHRONY = "chrony (chronyc tracking)"
# The image's own keys of the archive, of the package ubuntu-keyring.
_KEYRING = "/usr/share/keyrings/ubuntu-archive-keyring.gpg"
_SNAPS = ("docker", "k8s", "kubeadm", "kubelet", "microk8s")  # the server's installer offers some of them
_RUNTIMES = (
    "docker.io",
    "docker-buildx",
    "docker-compose",
    "docker-compose-v2",
    "containerd",
    "runc",
    "podman",
    "crun",
)


def ubuntu(
    release: str,
    codename: str,
    *,
    time_service: str = TIMESYNCD,
    first_versions: Mapping[str, str] | None = None,
    known_faults: Mapping[str, str] | None = None,
) -> GuestSystem:
    """The release `release` (`24.04`) of Ubuntu, whose package sources have the suites of `codename`."""

    def archive(mirrors: MirrorsConfig) -> Repository | None:
        """The site's mirror of Ubuntu's archive, which a plain copy is: signed by Ubuntu, whose keys the image has.

        One that signs anew is known by the fingerprint that the site says, of the key at archive-key.asc.
        """
        if mirrors.apt_ubuntu is None:
            return None
        fingerprint = fingerprint_of(ID, "", mirrors)
        return Repository(
            ID,
            mirrors.apt_ubuntu,
            # An image holds packages of all three: those of the first alone would not fit to them.
            f"{codename} {codename}-updates {codename}-security",
            "main universe",
            f"{mirrors.apt_ubuntu}/archive-key.asc",
            fingerprint,
            mirrored=True,
            image_keyring="" if fingerprint else _KEYRING,
        )

    return GuestSystem(
        name=f"{ID}-{release}",
        id=ID,
        version_id=release,
        codename=codename,
        archive=archive,
        programs=by_program(PACKAGES),
        packages=OF_KUBERNETES,
        traces=Traces(package=_RUNTIMES, snap=_SNAPS),
        time_service=time_service,
        network_files="/etc/netplan",
        first_versions=first_versions or {},
        known_faults=known_faults or {},
    )
