"""The lab's guest systems: the image that `make image` makes, and its root file system for container machines."""

import json
import tarfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from images.debian import rootfs
from images.debian.disk import build_disk
from images.debian.make import CODE
from images.debian.recipe import RECIPES, Recipe
from images.debian.scratch import scratch_of_users
from images.ova.package import write_ova
from images.ova.vmdk import content_id
from toolchain.build.part import Part, Workplace
from toolchain.errors import SetupError

ROOT, OVA, FACTS = "rootfs.tar", "image.ova", "facts.json"


@dataclass(frozen=True, slots=True)
class Guest:
    """An image that was built: `sha256` of the OVA, `content_id` of its disk (8 hex digits), where it came from."""

    system: str
    sha256: str
    content_id: str
    source: str
    date: str


def part_name(system: str) -> str:
    return f"guest-{system}"


def part(system: str) -> Part:
    """The image of a guest system. The versions of its packages are no inputs: newer ones alone do not rebuild it."""
    recipe = next(recipe for recipe in RECIPES if recipe.system == system)

    def build(place: Workplace, out: Path) -> None:
        guest = build_guest(recipe, out, place.log, place.environ)
        (out / FACTS).write_text(json.dumps(asdict(guest), indent=2) + "\n")

    values = {"recipe": rootfs.recipe_digest(recipe, CODE)}
    return Part(part_name(system), f"image of {system}", build, (Path(__file__),), values)


def guest_of(output: Path) -> Guest:
    """What is known of the image that a part's output holds."""
    return Guest(**json.loads((output / FACTS).read_text()))


def build_guest(recipe: Recipe, out: Path, log: Path, environ: Mapping[str, str]) -> Guest:
    """Fills `out` with root file system and OVA. SetupError, with the last lines of the log, when it fails."""
    root, ova = out / ROOT, out / OVA
    with scratch_of_users(out / ".scratch", log, environ) as scratch:
        archive = rootfs.archive_of(recipe, environ)
        packages = rootfs.resolve(recipe, archive, scratch, log, environ)
        rootfs.build(recipe, archive, packages, root, log, environ)
        working, disk = scratch / "disk", scratch / "disk.raw"
        working.mkdir()
        build_disk(recipe, root, packages.published, disk, working, log, environ)
        sha256 = write_ova(ova, recipe.system, recipe.title, disk, scratch)
    source = f"Debian {recipe.suite}, {len(packages.versions)} packages with sha256:{packages.digest}"
    return Guest(recipe.system, sha256, _content_id(ova), source, datetime.now(UTC).date().isoformat())


def _content_id(ova: Path) -> str:
    with tarfile.open(ova) as tar:
        disks = (tar.extractfile(member) for member in tar if member.name.endswith(".vmdk"))
        found = [content_id(disk) for disk in disks if disk]
    if len(found) != 1 or found[0] is None:
        raise SetupError(f"{ova}: found {len(found)} disks, wanted one with a CID; correct images/ova")
    return found[0]
