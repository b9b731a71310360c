"""The lab's guest images: those that `make image` makes, each with its root file system for container machines."""

import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from images.baked import wish
from images.baked.bake import bake, require_able
from images.baked.make import disk_mib
from images.baked.root import CODE as BAKED_CODE
from images.debian import rootfs
from images.debian.disk import DISK_MIB, build_disk
from images.debian.make import CODE
from images.debian.recipe import RECIPES, Recipe
from images.debian.scratch import scratch_of_users
from images.ova.package import write_ova
from images.ova.vmdk import content_id
from images.store import Baked, Image, word_of
from toolchain.build.part import Part, Workplace
from toolchain.errors import SetupError

ROOT, OVA, FACTS = "rootfs.tar", "image.ova", "facts.json"
# What decides of what a stack wants inside an image: the steps, and what renders them.
_PRODUCT = tuple(Path(__file__).parents[2] / folder for folder in ("baking", "components", "config"))


@dataclass(frozen=True, slots=True)
class Guest:
    """An image that was built, `file` being relative to its part's output; `content_id`: of its disk, 8 hex digits;
    `published`: when its packages were, in Unix seconds."""

    image: Image
    content_id: str
    published: int


def part_name(system: str, stack: str | None = None) -> str:
    """The name of the part that makes an image: plain, or with what a stack wants inside."""
    return f"guest-{word_of(system, Baked(stack, '', {}) if stack else None)}"


def part(system: str) -> Part:
    """The image of a guest system. The versions of its packages are no inputs: newer ones alone do not rebuild it."""
    recipe = _recipe(system)

    def build(place: Workplace, out: Path) -> None:
        _keep(build_guest(recipe, out, place.log, place.environ), out)

    values = {"recipe": rootfs.recipe_digest(recipe, CODE)}
    return Part(part_name(system), f"image of {system}", build, (Path(__file__),), values)


def baked_part(system: str, stack: str, mirror: tuple[str, ...]) -> Part:
    """The image of a system with what a stack wants inside, to be built on the running lab.

    `mirror`: names of the parts that hold the packages and container images. The mirror's keys and certificates are no
    inputs: a lab with others writes its own over them.
    """
    recipe, file = _recipe(system), wish.stack_file(stack)

    def build(place: Workplace, out: Path) -> None:
        require_able(place.environ)
        _keep(build_baked(recipe, file, place, out), out)

    name = part_name(system, stack)
    needs = (part_name(system), *mirror)
    title = f"image of {system} with what stack {stack} needs"
    return Part(name, title, build, (Path(__file__), file, *_PRODUCT, *BAKED_CODE), needs=needs)


def guest_of(output: Path) -> Guest:
    """What is known of the image that a part's output holds."""
    facts = json.loads((output / FACTS).read_text())
    return Guest(Image.of_entry(facts["image"]), facts["content_id"], facts["published"])


@dataclass(frozen=True, slots=True)
class _Making:
    """An image on its way: `out` gets what stays, `scratch` the rest."""

    recipe: Recipe
    out: Path
    scratch: Path
    log: Path
    environ: Mapping[str, str]

    def packed(self, source: str, published: int, inside: Baked | None = None, mib: int = DISK_MIB) -> Guest:
        """The image of the root file system in `out`, as an OVA with a disk of that size."""
        ova, disk, working = self.out / OVA, self.scratch / "disk.raw", self.scratch / "disk"
        working.mkdir()
        build_disk(self.recipe, self.out / ROOT, published, disk, working, self.log, self.environ, mib)
        sha256 = write_ova(ova, word_of(self.recipe.system, inside), self.recipe.title, disk, self.scratch)
        today = datetime.now(UTC).date().isoformat()
        return Guest(Image(self.recipe.system, OVA, sha256, source, today, inside), _content_id(ova), published)


def build_guest(recipe: Recipe, out: Path, log: Path, environ: Mapping[str, str]) -> Guest:
    """Fills `out` with root file system and OVA. SetupError, with the last lines of the log, when it fails."""
    with scratch_of_users(out / ".scratch", log, environ) as scratch:
        archive = rootfs.archive_of(recipe, environ)
        packages = rootfs.resolve(recipe, archive, scratch, log, environ)
        rootfs.build(recipe, archive, packages, out / ROOT, log, environ)
        source = f"Debian {recipe.suite}, {len(packages.versions)} packages with sha256:{packages.digest}"
        return _Making(recipe, out, scratch, log, environ).packed(source, packages.published)


def build_baked(recipe: Recipe, stack_file: Path, place: Workplace, out: Path) -> Guest:
    """Fills `out` with root file system and OVA of the plain image's root in which a stack's steps have run."""
    plain, log, environ = place.outputs[part_name(recipe.system)], place.log, place.environ
    known = guest_of(plain)
    wanted = wish.wish_of(stack_file, recipe.system, environ)
    with scratch_of_users(out / ".scratch", log, environ) as scratch:
        working = scratch / "baking"
        working.mkdir()
        archive, root = rootfs.archive_of(recipe, environ), out / ROOT
        bake(wanted, archive, plain / ROOT, known.published, root, working, log, environ)
        source = f"{known.image.source}; inside: {wanted.summary}"
        making = _Making(recipe, out, scratch, log, environ)
        return making.packed(source, known.published, wanted.baked, disk_mib(root.stat().st_size))


def _keep(guest: Guest, out: Path) -> None:
    facts = {"image": guest.image.entry(), "content_id": guest.content_id, "published": guest.published}
    (out / FACTS).write_text(json.dumps(facts, indent=2) + "\n")


def _recipe(system: str) -> Recipe:
    return next(recipe for recipe in RECIPES if recipe.system == system)


def _content_id(ova: Path) -> str:
    with tarfile.open(ova) as tar:
        disks = (tar.extractfile(member) for member in tar if member.name.endswith(".vmdk"))
        found = [content_id(disk) for disk in disks if disk]
    if len(found) != 1 or found[0] is None:
        raise SetupError(f"{ova}: found {len(found)} disks, wanted one with a CID; correct images/ova")
    return found[0]
