"""The mirror as parts of the rig: Go programs, packages, repositories, images, files."""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from rig.mirror import apt, binaries, deb, debian, files, image_store, maintainer_scripts, packages, private_images
from rig.mirror.debian_programs import LIBRARIES
from rig.mirror.machine import architecture
from rig.mirror.packages import PackageGroup
from rig.mirror.runtimes import RUNTIMES, Runtime
from rig.part import Part, Workplace

FILES = "files"
PRIVATE_IMAGES = "private-images"
_HERE = Path(__file__).parent


def mirror_parts(runtimes: Collection[str]) -> tuple[Part, ...]:
    """Every part of a mirror for nodes with these container runtimes (words of RUNTIMES).

    Served: `apt`, `files` and the files of runtimes (publish.py), `images` and `private-images` (registry.py).
    """
    chosen = [RUNTIMES[word] for word in sorted(runtimes)]
    common = (*map(binaries.part, binaries.COMMON_BUILDS), debian_packages_part(), packages_part(packages.KUBERNETES))
    own = (part for runtime in chosen for part in runtime_parts(runtime))
    parts = {part.name: part for part in (*common, *own)}
    return (*parts.values(), apt_part(chosen), images_part(), private_images_part(), files_part())


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

    code = _sources("deb", "maintainer_scripts", "packages", "runtime_packages", "versions")
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
            debs["debian"] += (place.outputs[name] / LIBRARIES).glob("*.deb")
        for made, group in groups.items():
            debs.setdefault(group.repository, []).extend(place.outputs[made].glob("*.deb"))
        for repository in apt.repositories(architecture()):
            apt.build(repository, debs.get(repository.name, ()), architecture(), out)

    needs = ("debian-packages", *sorted(libraries), *sorted(groups))
    return Part("apt", "apt repositories", build, files=_sources("apt", "placing", "versions"), needs=needs)


def images_part() -> Part:
    builds = ("coredns", "etcd", "flannel", "flannel-cni-plugin", "kubernetes", "pause")

    def build(place: Workplace, out: Path) -> None:
        image_store.check_names(place, place.outputs["kubernetes"] / "kubeadm")
        image_store.build(_outputs(place, builds), place.outputs["debian-packages"], architecture(), out)

    writers = ("image_store", "base_layers", "debian_layer", "layers", "oci", "storage", "placing")
    sources = _sources("images", "files", "versions", *writers)
    return Part("images", "container images", build, files=sources, needs=(*builds, "debian-packages"))


def private_images_part() -> Part:
    def build(place: Workplace, out: Path) -> None:
        private_images.build(place.outputs["images"], out)

    sources = _sources("private_images", "storage", "placing", "versions")
    return Part(PRIVATE_IMAGES, "images of the private registry", build, files=sources, needs=("images",))


def files_part() -> Part:
    module = _HERE / "flannel"
    return Part(FILES, "single files", files.build, files=(*_sources("files", "versions"), module / "go.mod"))


def _made_of(group: PackageGroup) -> str:
    return f"packages-{group.name}"


def _sources(*modules: str) -> tuple[Path, ...]:
    return tuple(_HERE / f"{module}.py" for module in modules)


def _outputs(place: Workplace, names: Iterable[str]) -> Mapping[str, Path]:
    return {name: place.outputs[name] for name in names}
