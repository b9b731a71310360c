"""The mirror as parts of the rig: Go programs, packages, repositories, images, files."""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from rig.mirror import debian, files
from rig.mirror.apt import deb, maintainer_scripts, packages
from rig.mirror.apt.packages import PackageGroup
from rig.mirror.apt.repositories import build_repository, repositories
from rig.mirror.images import image_store, private_images
from rig.mirror.machine import architecture
from rig.mirror.programs import binaries, debian_programs, flanneld
from rig.mirror.runtimes import RUNTIMES, Runtime
from toolchain.build.part import Part, Workplace

FILES = "files"
PRIVATE_IMAGES = "private-images"
_HERE = Path(__file__).parent


def mirror_parts(runtimes: Collection[str]) -> tuple[Part, ...]:
    """Every part of a mirror for nodes with these container runtimes (words of RUNTIMES).

    Served: `apt`, `files` and the files of runtimes (publish.py), `images` and `private-images` (registry.py).
    """
    chosen = [RUNTIMES[word] for word in sorted(runtimes)]
    common = (
        *map(program_part, binaries.COMMON_BUILDS),
        debian_programs.part(debian_programs.REGISTRY),
        debian_packages_part(),
        packages_part(packages.KUBERNETES),
    )
    own = (part for runtime in chosen for part in runtime_parts(runtime))
    parts = {part.name: part for part in (*common, *own)}
    return (*parts.values(), apt_part(chosen), images_part(), private_images_part(), files_part())


def program_part(build: binaries.GoBuild) -> Part:
    """The programs that every mirror has."""
    return flanneld.part() if build is binaries.FLANNEL else binaries.part(build)


def runtime_parts(runtime: Runtime) -> tuple[Part, ...]:
    """The parts that a container runtime alone needs."""
    return (*runtime.parts, *map(packages_part, runtime.packages))


def debian_packages_part() -> Part:
    def build(place: Workplace, out: Path) -> None:
        debian.download(architecture(), out, place.log)

    return Part("debian-packages", "Debian packages for nodes and images", build, files=_sources("debian"))


def packages_part(group: PackageGroup) -> Part:
    needs = tuple(sorted({made for package in group.packages for made, _ in package.programs.values()}))

    def build(place: Workplace, out: Path) -> None:
        deb.build_packages(group.packages, _outputs(place, needs), architecture(), out, place.log)

    code = _sources("apt/deb", "apt/maintainer_scripts", "apt/packages", "apt/runtime_packages", "debian", "versions")
    texts = [text for package in group.packages for text in package.texts.values() if text is not None]
    scripts = maintainer_scripts.FILES.values()
    title = f"packages of {group.title}"
    return Part(_made_of(group), title, build, files=(*code, *texts, *scripts), needs=needs)


def apt_part(runtimes: Collection[Runtime]) -> Part:
    chosen = (packages.KUBERNETES, *(group for runtime in runtimes for group in runtime.packages))
    groups = {_made_of(group): group for group in chosen}
    libraries = {name for runtime in runtimes for name in runtime.libraries}

    def build(place: Workplace, out: Path) -> None:
        debs: dict[str, list[Path]] = {"debian": sorted((place.outputs["debian-packages"] / "node").glob("*.deb"))}
        for name in sorted(libraries):
            debs["debian"] += (place.outputs[name] / debian_programs.LIBRARIES).glob("*.deb")
        for made, group in groups.items():
            debs.setdefault(group.repository, []).extend(place.outputs[made].glob("*.deb"))
        for repository in repositories(architecture()):
            build_repository(repository, debs.get(repository.name, ()), architecture(), out)

    needs = ("debian-packages", *sorted(libraries), *sorted(groups))
    sources = _sources("apt/repositories", "debian", "placing", "versions")
    return Part("apt", "apt repositories", build, files=sources, needs=needs)


def images_part() -> Part:
    builds = ("coredns", "etcd", "flannel", "flannel-cni-plugin", "kubernetes", "pause")

    def build(place: Workplace, out: Path) -> None:
        image_store.check_names(place, place.outputs["kubernetes"] / "kubeadm")
        image_store.build(_outputs(place, builds), place.outputs["debian-packages"], architecture(), out)

    modules = ("catalog", "image_store", "base_layers", "debian_layer", "layers", "oci", "storage")
    sources = _sources("files", "placing", "versions", *(f"images/{module}" for module in modules))
    return Part("images", "container images", build, files=sources, needs=(*builds, "debian-packages"))


def private_images_part() -> Part:
    def build(place: Workplace, out: Path) -> None:
        private_images.build(place.outputs["images"], out)

    sources = _sources("images/private_images", "images/storage", "placing", "versions")
    return Part(PRIVATE_IMAGES, "images of the private registry", build, files=sources, needs=("images",))


def files_part() -> Part:
    go_mod = binaries.FLANNEL.directory / "go.mod"
    return Part(FILES, "single files", files.build, files=(*_sources("files", "versions"), go_mod))


def _made_of(group: PackageGroup) -> str:
    return f"packages-{group.name}"


def _sources(*modules: str) -> tuple[Path, ...]:
    return tuple(_HERE / f"{module}.py" for module in modules)


def _outputs(place: Workplace, names: Iterable[str]) -> Mapping[str, Path]:
    return {name: place.outputs[name] for name in names}
