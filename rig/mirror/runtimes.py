"""What each container runtime adds to the mirror: a stack's mirror holds only what its nodes' runtimes need."""

from collections.abc import Mapping
from dataclasses import dataclass

from rig.mirror.apt import runtime_packages
from rig.mirror.apt.packages import PackageGroup
from rig.mirror.programs import binaries, cri_dockerd_release, debian_programs, pinns
from toolchain.build.part import Part


@dataclass(frozen=True, slots=True)
class Runtime:
    """A container runtime in the mirror.

    `parts`: what its packages are made of, and its files; `packages`: to be built of them; `libraries`: names of those
    parts that bring packages which nodes need besides (debian_programs.py); `files`: names of those that are served as
    single files.
    """

    parts: tuple[Part, ...]
    packages: tuple[PackageGroup, ...]
    libraries: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


_CONTAINERD = Runtime(
    parts=(binaries.part(binaries.CONTAINERD), binaries.part(binaries.RUNC)),
    packages=(runtime_packages.CONTAINERD,),
)
# By the word that a stack file has for it.
RUNTIMES: Mapping[str, Runtime] = {
    "containerd": _CONTAINERD,
    "docker": Runtime(
        parts=(
            *_CONTAINERD.parts,
            debian_programs.part(debian_programs.DOCKER_ENGINE),
            binaries.part(binaries.CRI_DOCKERD),
            cri_dockerd_release.part(),
        ),
        packages=(*_CONTAINERD.packages, runtime_packages.DOCKER),
        libraries=(debian_programs.DOCKER_ENGINE.name,),
        files=(cri_dockerd_release.NAME,),
    ),
    "crio": Runtime(
        parts=(
            binaries.part(binaries.CRI_O),
            binaries.part(binaries.RUNC),
            pinns.part(),
            debian_programs.part(debian_programs.CONMON),
        ),
        packages=(runtime_packages.CRIO,),
        libraries=(debian_programs.CONMON.name,),
    ),
}
