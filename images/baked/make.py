"""The image of a release with a stack inside: its root file system, disk, OVA; none of it if that image is there."""

import os
from collections.abc import Mapping
from pathlib import Path

from images.baked.bake import require_able
from images.baked.root import CODE as OF_BAKED
from images.baked.root import Root, key_of, root
from images.baked.wish import wish_of
from images.debian.disk import DISK_MIB
from images.debian.make import CODE as OF_IMAGE
from images.debian.make import Work, pack
from images.debian.plan import plan
from images.debian.recipe import Recipe
from images.debian.scratch import scratch_of_users
from images.store import Image, ImageStore
from toolchain.progress import Progress

ROOTS = "roots"
GIB = 1 << 30
# Files take more of a disk than of a tar: blocks, a journal; and room for the first boot until the disk has grown.
DISK_SHARE, DISK_MORE = 1.35, GIB // 2


def make(
    recipe: Recipe,
    stack_file: Path,
    store: ImageStore,
    log: Path,
    progress: Progress,
    environ: Mapping[str, str] = os.environ,
) -> Image:
    """The image of a release as of today's packages with the stack of a file inside.

    SetupError, with the last lines of the log, when it fails.
    """
    require_able(environ)
    wish = wish_of(stack_file, recipe.system, environ)
    progress.expect(5)
    with scratch_of_users(store.folder / f".making-{recipe.system}", log, environ) as scratch:
        planned = plan(recipe, scratch, log, progress, environ)
        key = key_of(planned, wish, (*OF_IMAGE, *OF_BAKED))
        source = f"{planned.source}; inside: {wish.summary}, as sha256:{wish.digest} asks for it"
        found = store.made_before(key)
        if found is not None:
            progress.cached(f"{found.file}, of {source}")
            return found
        tar = root(planned, wish, store.folder / ROOTS, log, progress, environ).tar
        work = Work(store, scratch, log, progress, environ)
        return pack(work, planned, tar, source, key, wish.baked, disk_mib(tar.stat().st_size))


def root_of(
    recipe: Recipe,
    stack_file: Path,
    folder: Path,
    log: Path,
    progress: Progress,
    environ: Mapping[str, str] = os.environ,
) -> Root:
    """The root file system of that image alone, as a tar in `folder`, where it is kept: three steps of `progress`.

    SetupError, with the last lines of the log, when it cannot be made.
    """
    require_able(environ)
    wish = wish_of(stack_file, recipe.system, environ)
    with scratch_of_users(folder / f".planning-{recipe.system}", log, environ) as scratch:
        planned = plan(recipe, scratch, log, progress, environ)
    return root(planned, wish, folder, log, progress, environ)


def disk_mib(tar_bytes: int) -> int:
    """The size of the disk for a root file system whose tar is so large, in whole GiB."""
    return max(DISK_MIB, -(-int(tar_bytes * DISK_SHARE + DISK_MORE) // GIB) << 10)
