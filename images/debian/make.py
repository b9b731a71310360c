"""A Debian image from nothing: packages resolved, root file system, disk, OVA; none of it if that image is there."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from images.debian import rootfs
from images.debian.disk import DISK_MIB, build_disk
from images.debian.plan import Plan, plan
from images.debian.recipe import Recipe
from images.debian.scratch import scratch_of_users
from images.ova.package import write_ova
from images.store import Baked, Image, ImageStore, word_of
from toolchain.progress import Progress

CODE = tuple(Path(__file__).parents[1] / name for name in ("debian", "disk", "ova"))


def make(
    recipe: Recipe, store: ImageStore, log: Path, progress: Progress, environ: Mapping[str, str] = os.environ
) -> Image:
    """The image of a release as of today's packages. SetupError, with the last lines of the log, when it fails."""
    progress.expect(4)
    with scratch_of_users(store.folder / f".making-{recipe.system}", log, environ) as scratch:
        planned = plan(recipe, scratch, log, progress, environ)
        key = planned.key(CODE)
        found = store.made_before(key)
        if found is not None:
            progress.cached(f"{found.file}, of {planned.source}")
            return found
        tar = scratch / "rootfs.tar"
        with progress.step(root_title(planned)):
            rootfs.build(recipe, planned.archive, planned.packages, tar, log, environ)
        return pack(Work(store, scratch, log, progress, environ), planned, tar, planned.source, key)


@dataclass(frozen=True, slots=True)
class Work:
    """Where an image is made and who is told: `scratch` is an empty directory on the store's file system."""

    store: ImageStore
    scratch: Path
    log: Path
    progress: Progress
    environ: Mapping[str, str]


def root_title(planned: Plan) -> str:
    """What the making of a root file system is called."""
    return f"root file system of {len(planned.packages.versions)} packages"


def pack(
    work: Work, planned: Plan, tar: Path, source: str, key: str, baked: Baked | None = None, disk_mib: int = DISK_MIB
) -> Image:
    """The image in the store that a root file system (tar) becomes, in two steps of progress: its disk, and the OVA.

    `source` in one line, `key` (hex): by which it is known again, `baked`: the stack that it has inside.
    """
    recipe, scratch = planned.recipe, work.scratch
    disk, ova, working = scratch / "disk.raw", scratch / "image.ova", scratch / "disk"
    word = word_of(recipe.system, baked)
    with work.progress.step("disk that boots by BIOS and UEFI"):
        working.mkdir()
        build_disk(recipe, tar, planned.moment, disk, working, work.log, work.environ, disk_mib)
    with work.progress.step("OVA"):
        digest = write_ova(ova, word, recipe.title, disk, scratch)
    today = datetime.now(UTC).date().isoformat()
    return work.store.take(ova, recipe.system, digest, source, today, key, baked)
