"""Root file systems as tars, plain and with a stack inside, kept in a folder and made once for the same content."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from images.baked.bake import bake
from images.baked.wish import Wish
from images.debian import rootfs
from images.debian.make import root_title
from images.debian.plan import OF_ROOT, Plan
from images.store import word_of
from toolchain.progress import Progress
from toolchain.system.scratch import scratch_directory

CODE = (Path(__file__).parent,)
SHORT = 12


@dataclass(frozen=True, slots=True)
class Root:
    """A root file system: its tar, and the key (hex) of what is in it."""

    tar: Path
    key: str


def root(planned: Plan, wish: Wish, folder: Path, log: Path, progress: Progress, environ: Mapping[str, str]) -> Root:
    """The root file system of a plan with what is wished inside: two steps of `progress`, or as many lines.

    `folder`: where tars are kept, of each image the last one. SetupError when it cannot be made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    recipe = planned.recipe

    def make_plain(tar: Path) -> None:
        rootfs.build(recipe, planned.archive, planned.packages, tar, log, environ)

    def make_baked(tar: Path) -> None:
        with scratch_directory(tar.with_suffix(".work")) as scratch:
            bake(wish, planned.archive, plain, planned.moment, tar, scratch, log, environ)

    key, name = key_of(planned, wish, CODE), word_of(recipe.system, wish.baked)
    made = folder / f"{name}-{key[:SHORT]}.tar"
    if made.is_file():
        progress.cached(root_title(planned))
    else:
        plain = _kept(folder, recipe.system, planned.key(OF_ROOT), root_title(planned), progress, make_plain)
    return Root(_kept(folder, name, key, wish.summary, progress, make_baked), key)


def key_of(planned: Plan, wish: Wish, code: Sequence[Path]) -> str:
    """SHA-256 (hex) by which what `code` makes of a plan and a wish is known again.

    Names of images and patterns of packages are in it, not what they stand for on the day.
    """
    return hashlib.sha256(f"{planned.key((*OF_ROOT, *code))} {wish.digest}".encode()).hexdigest()


def _kept(folder: Path, name: str, key: str, title: str, progress: Progress, make: Callable[[Path], None]) -> Path:
    tar = folder / f"{name}-{key[:SHORT]}.tar"
    if tar.is_file():
        progress.cached(title)
        return tar
    unfinished = folder / f".{tar.name}"
    try:
        with progress.step(title):
            make(unfinished)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    for old in folder.glob(f"{name}-{'[0-9a-f]' * SHORT}.tar"):
        old.unlink()
    unfinished.rename(tar)
    return tar
