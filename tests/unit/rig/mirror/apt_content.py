"""What the apt repositories of these tests hold, and where their keys lie."""

from rig.mirror.apt import runtime_packages
from rig.mirror.apt.packages import KUBERNETES, Package

SOCAT = Package(
    "socat", "1:1.7-1", "relay", "net", "https://example.invalid", {"usr/bin/socat": ("kubernetes", "kubectl")}
)
DEBS = {
    "kubernetes": KUBERNETES.packages,
    "docker": (*runtime_packages.CONTAINERD.packages, *runtime_packages.DOCKER.packages),
    "crio": runtime_packages.CRIO.packages,
    "debian": (SOCAT,),
}
KEYS = {
    "kubernetes": "kubernetes/core:/stable:/v1.36/deb/Release.key",
    "docker": "docker/gpg",
    "crio": "crio/isv:/cri-o:/stable:/v1.36/deb/Release.key",
}
