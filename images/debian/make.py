"""A Debian image from nothing: packages resolved, root file system, disk, OVA; none of it if that image is there."""

import hashlib
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from images.debian import rootfs
from images.debian.disk import build_disk
from images.debian.recipe import Recipe
from images.debian.scratch import scratch_of_users
from images.ova.package import write_ova
from images.store import Image, ImageStore
from toolchain.progress import Progress

CODE = tuple(Path(__file__).parents[1] / name for name in ("debian", "disk", "ova"))


def make(
    recipe: Recipe, store: ImageStore, log: Path, progress: Progress, environ: Mapping[str, str] = os.environ
) -> Image:
    """The image of a release as of today's packages. SetupError, with the last lines of the log, when it fails."""
    progress.expect(4)
    with scratch_of_users(store.folder / f".making-{recipe.system}", log, environ) as scratch:
        archive = rootfs.archive_of(recipe, environ)
        with progress.step(f"packages of {recipe.system}"):
            packages = rootfs.resolve(recipe, archive, scratch, log, environ)
        source = (
            f"Debian {recipe.suite} as published {_day(packages.published)}, {len(packages.versions)} packages"
            f" with sha256:{packages.digest}"
        )
        key = hashlib.sha256(
            f"{rootfs.recipe_digest(recipe, CODE)} {packages.digest} {packages.published}".encode()
        ).hexdigest()
        found = store.made_before(key)
        if found is not None:
            progress.cached(f"{found.file}, of {source}")
            return found
        tar, disk, ova = scratch / "rootfs.tar", scratch / "disk.raw", scratch / "image.ova"
        with progress.step(f"root file system of {len(packages.versions)} packages"):
            rootfs.build(recipe, archive, packages, tar, log, environ)
        with progress.step("disk that boots by BIOS and UEFI"):
            working = scratch / "disk"
            working.mkdir()
            build_disk(recipe, tar, packages.published, disk, working, log, environ)
        with progress.step("OVA"):
            digest = write_ova(ova, recipe.system, recipe.title, disk, scratch)
        return store.take(ova, recipe.system, digest, source, datetime.now(UTC).date().isoformat(), key)


def _day(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).date().isoformat()
