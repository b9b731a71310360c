"""The mirror as parts of the rig: Go programs, packages, repositories, images, files."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from rig.mirror import debian, files
from rig.mirror.apt import deb, maintainer_scripts, packages
from rig.mirror.apt.packages import PackageGroup
from rig.mirror.apt.repositories import build_repository, repositories
from rig.mirror.debian import Release
from rig.mirror.handlers import HANDLERS
from rig.mirror.images import image_store, private_images
from rig.mirror.machine import architecture
from rig.mirror.programs import binaries, debian_programs, flanneld
from rig.mirror.runtimes import RUNTIMES, Runtime
from toolchain.build.part import Part, Workplace

FILES = "files"
PRIVATE_IMAGES = "private-images"
_NODE = "node"
_HERE = Path(__file__).parent


def mirror_parts(
    runtimes: Collection[str], guests: Sequence[Release], handlers: Collection[str] = ()
) -> tuple[Part, ...]:
    """Every part of a mirror for nodes with these container runtimes and handlers (words of RUNTIMES and HANDLERS) and
    releases.

    Served: `apt`, `files` and files of runtimes and handlers (publish.py), `images` and `private-images` (registry.py).
    """
    chosen = [RUNTIMES[word] for word in sorted(runtimes)]
    common = (
        *map(program_part, binaries.COMMON_BUILDS),
        debian_programs.part(debian_programs.REGISTRY),
        debian_packages_part(),
        *map(guest_packages_part, guests),
        packages_part(packages.KUBERNETES),
    )
    own = (part for runtime in chosen for part in runtime_parts(runtime, guests))
    archives = (part for word in sorted(handlers) for part in HANDLERS[word].parts)
    parts = {part.name: part for part in (*common, *own, *archives)}
    return (*parts.values(), apt_part(chosen, guests), images_part(), private_images_part(), files_part())


def program_part(build: binaries.GoBuild) -> Part:
    """The programs that every mirror has."""
    return flanneld.part() if build is binaries.FLANNEL else binaries.part(build)


def runtime_parts(runtime: Runtime, guests: Sequence[Release]) -> tuple[Part, ...]:
    """The parts that a container runtime alone needs."""
    return (*runtime.parts, *map(packages_part, runtime.package_groups(guests)))


def debian_packages_part() -> Part:
    def build(place: Workplace, out: Path) -> None:
        debian.download(debian.PROGRAMS, debian.IMAGE_GROUPS, architecture(), out, place.log)

    return Part("debian-packages", "Debian packages for images", build, files=_sources("debian"))


def guest_packages_part(guest: Release) -> Part:
    def build(place: Workplace, out: Path) -> None:
        debian.download(guest, {_NODE: debian.NODE_PACKAGES}, architecture(), out, place.log)

    return Part(_of_guest(guest), f"Debian packages for nodes with {guest.codename}", build, files=_sources("debian"))


def packages_part(group: PackageGroup) -> Part:
    needs = tuple(sorted({made for package in group.packages for made, _ in package.programs.values()}))

    def build(place: Workplace, out: Path) -> None:
        deb.build_packages(group.packages, _outputs(place, needs), architecture(), out, place.log)

    code = _sources("apt/deb", "apt/maintainer_scripts", "apt/packages", "apt/runtime_packages", "debian", "versions")
    texts = [text for package in group.packages for text in package.texts.values() if text is not None]
    scripts = maintainer_scripts.FILES.values()
    title = f"packages of {group.title}"
    return Part(_made_of(group), title, build, files=(*code, *texts, *scripts), needs=needs)


def apt_part(runtimes: Collection[Runtime], guests: Sequence[Release]) -> Part:
    chosen = (packages.KUBERNETES, *(group for runtime in runtimes for group in runtime.package_groups(guests)))
    groups = {_made_of(group): group for group in chosen}

    def build(place: Workplace, out: Path) -> None:
        debs: dict[str, list[Path]] = {}
        for guest in guests:
            debs[guest.system] = sorted((place.outputs[_of_guest(guest)] / _NODE).glob("*.deb"))
        for made, group in groups.items():
            debs.setdefault(group.repository, []).extend(place.outputs[made].glob("*.deb"))
        for repository in repositories(guests, architecture()):
            build_repository(repository, debs.get(repository.name, ()), architecture(), out)

    needs = (*map(_of_guest, guests), *sorted(groups))
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


def packages_and_images(parts: Iterable[Part]) -> tuple[str, ...]:
    """The names of those that nodes get something of: what a stack's steps install is decided by these."""
    names = (part.name for part in parts)
    return tuple(
        name for name in names if name == "images" or name.startswith("packages-") or name.endswith("-packages")
    )


def _of_guest(guest: Release) -> str:
    return f"{guest.system}-packages"


def _made_of(group: PackageGroup) -> str:
    return f"packages-{group.name}"


def _sources(*modules: str) -> tuple[Path, ...]:
    return tuple(_HERE / f"{module}.py" for module in modules)


def _outputs(place: Workplace, names: Iterable[str]) -> Mapping[str, Path]:
    return {name: place.outputs[name] for name in names}
