"""A Debian image from nothing: packages resolved, root file system, disk, OVA; none of it if that image is there."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from images.debian import rootfs
from images.debian.disk import build_disk
from images.debian.namespace import as_root
from images.debian.recipe import Recipe
from images.ova.package import write_ova
from images.store import Image, ImageStore
from toolchain.progress import Progress
from toolchain.system.run import logged
from toolchain.system.scratch import scratch_directory

CODE = tuple(Path(__file__).parents[1] / name for name in ("debian", "disk", "ova"))


def make(
    recipe: Recipe, store: ImageStore, log: Path, progress: Progress, environ: Mapping[str, str] = os.environ
) -> Image:
    """The image of a release as of today's packages. SetupError, with the last lines of the log, when it fails."""
    progress.expect(4)
    with _scratch(store.folder / f".making-{recipe.system}", log, environ) as scratch:
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


@contextmanager
def _scratch(path: Path, log: Path, environ: Mapping[str, str]) -> Iterator[Path]:
    """A scratch directory also for files that belong to other users of a user namespace."""

    def clear() -> None:
        if path.exists() and as_root():
            logged([*as_root(), "rm", "-rf", str(path)], log, f"removing {path}", environ)

    clear()
    with scratch_directory(path):
        try:
            yield path
        finally:
            clear()
            path.mkdir(exist_ok=True)
