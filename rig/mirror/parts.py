"""The mirror as parts of the rig: Go programs, packages, repositories, images, files."""

import platform
from collections.abc import Iterable, Mapping
from pathlib import Path

from rig.errors import RigError
from rig.golang import go_part
from rig.mirror import apt, deb, debian, files, image_store
from rig.mirror.binaries import BUILDS
from rig.mirror.packages import DOCKER_PACKAGES, KUBERNETES_PACKAGES, Package
from rig.part import Part, Workplace

_HERE = Path(__file__).parent
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_PACKAGES = (*KUBERNETES_PACKAGES, *DOCKER_PACKAGES)


def architecture(machine: str | None = None) -> str:
    """Debian's and Go's common name of a machine type (default: this machine's); RigError for an unsupported one."""
    found = machine or platform.machine()
    if found not in _ARCHITECTURES:
        raise RigError(
            f"the mirror: machines of type {found} are not supported; use one of {', '.join(_ARCHITECTURES)}"
        )
    return _ARCHITECTURES[found]


def mirror_parts() -> tuple[Part, ...]:
    """Every part of the mirror. Served: `apt` and `files` (publish.py), `images` (registry.py)."""
    programs = tuple(go_part(build.name, build.title, build.directory, build.programs) for build in BUILDS)
    return (*programs, debian_packages_part(), packages_part(), apt_part(), images_part(), files_part())


def debian_packages_part() -> Part:
    def build(place: Workplace, out: Path) -> None:
        debian.download(architecture(), out, place.log)

    return Part("debian-packages", "Debian packages for nodes and images", build, files=_sources("debian"))


def packages_part() -> Part:
    needs = tuple(sorted({build for package in _PACKAGES for build, _ in package.programs.values()}))

    def build(place: Workplace, out: Path) -> None:
        deb.build_packages(_PACKAGES, _outputs(place, needs), architecture(), out, place.log)

    sources = (*_sources("deb", "packages", "versions"), _HERE / "debian")
    return Part("packages", "packages of Kubernetes and containerd", build, files=sources, needs=needs)


def apt_part() -> Part:
    def build(place: Workplace, out: Path) -> None:
        own, others = place.outputs["packages"], place.outputs["debian-packages"] / "node"
        debs = {
            "kubernetes": _files_of(KUBERNETES_PACKAGES, own),
            "docker": _files_of(DOCKER_PACKAGES, own),
            "debian": sorted(others.glob("*.deb")),
        }
        for repository in apt.repositories(architecture()):
            apt.build(repository, debs[repository.name], architecture(), out)

    return Part(
        "apt", "apt repositories", build, files=_sources("apt", "versions"), needs=("packages", "debian-packages")
    )


def images_part() -> Part:
    builds = ("coredns", "etcd", "flannel", "flannel-cni-plugin", "kubernetes", "pause")

    def build(place: Workplace, out: Path) -> None:
        image_store.check_names(place, place.outputs["kubernetes"] / "kubeadm")
        image_store.build(_outputs(place, builds), place.outputs["debian-packages"], architecture(), out)

    modules = ("images", "image_store", "files", "base_layers", "debian_layer", "layers", "oci", "storage", "versions")
    return Part("images", "container images", build, files=_sources(*modules), needs=(*builds, "debian-packages"))


def files_part() -> Part:
    module = _HERE / "flannel"
    return Part("files", "single files", files.build, files=(*_sources("files", "versions"), module / "go.mod"))


def _sources(*modules: str) -> tuple[Path, ...]:
    return tuple(_HERE / f"{module}.py" for module in modules)


def _outputs(place: Workplace, names: Iterable[str]) -> Mapping[str, Path]:
    return {name: place.outputs[name] for name in names}


def _files_of(packages: Iterable[Package], directory: Path) -> list[Path]:
    return [directory / package.file_name(architecture()) for package in packages]
