"""What the apt repositories of these tests hold, and where their keys lie."""

from rig.mirror.apt import runtime_packages
from rig.mirror.apt.packages import KUBERNETES, Package
from rig.mirror.apt.repositories import repositories
from rig.mirror.debian import BOOKWORM, TRIXIE

SOCAT = Package(
    "socat", "1:1.7-1", "relay", "net", "https://example.invalid", {"usr/bin/socat": ("kubernetes", "kubectl")}
)
GUESTS = (TRIXIE, BOOKWORM)
REPOSITORIES = repositories(GUESTS, "amd64")
DEBS = {
    "kubernetes": KUBERNETES.packages,
    "crio": runtime_packages.CRIO.packages,
    **{
        f"docker-{guest.system}": (
            *runtime_packages.containerd(guest).packages,
            *runtime_packages.docker(guest).packages,
        )
        for guest in GUESTS
    },
    **{guest.system: (SOCAT,) for guest in GUESTS},
}
KEYS = {
    "kubernetes": "kubernetes/core:/stable:/v1.36/deb/Release.key",
    "docker": "docker/gpg",
    "crio": "crio/isv:/cri-o:/stable:/v1.36/deb/Release.key",
}
