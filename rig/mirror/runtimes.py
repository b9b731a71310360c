"""What each container runtime adds to the mirror: a stack's mirror holds only what its nodes' runtimes need."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from rig.mirror.apt import runtime_packages
from rig.mirror.apt.packages import PackageGroup
from rig.mirror.debian import Release
from rig.mirror.programs import binaries, cri_dockerd_release, debian_programs, pinns
from toolchain.build.part import Part


@dataclass(frozen=True, slots=True)
class Runtime:
    """A container runtime in the mirror.

    `parts`: what its packages are made of, and its files; `packages`: to be built of them, for any release;
    `packages_for`: for one; `files`: names of those parts that are served as single files.
    """

    parts: tuple[Part, ...]
    packages: tuple[PackageGroup, ...] = ()
    packages_for: tuple[Callable[[Release], PackageGroup], ...] = ()
    files: tuple[str, ...] = ()

    def package_groups(self, guests: Iterable[Release]) -> tuple[PackageGroup, ...]:
        """All packages of a mirror for nodes with these releases."""
        return (*self.packages, *(make(guest) for guest in guests for make in self.packages_for))


_CONTAINERD = Runtime(
    parts=(binaries.part(binaries.CONTAINERD), binaries.part(binaries.RUNC)),
    packages_for=(runtime_packages.containerd,),
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
        packages_for=(*_CONTAINERD.packages_for, runtime_packages.docker),
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
    ),
}
