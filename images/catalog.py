"""The guest systems of which there are images, by the word that a site file says, and how each is come by."""

import os
from collections.abc import Mapping
from pathlib import Path

from images.baked import make as baked
from images.debian import make as debian
from images.debian.recipe import RECIPES
from images.store import Image, ImageStore
from images.ubuntu import make as ubuntu
from images.ubuntu.releases import RELEASES
from toolchain.errors import SetupError
from toolchain.progress import Progress

_DEBIAN = {recipe.system: recipe for recipe in RECIPES}
_UBUNTU = {release.system: release for release in RELEASES}
SYSTEMS = (*_DEBIAN, *_UBUNTU)


def require_known(system: str) -> None:
    """SetupError for a word that stands for no image."""
    if system not in SYSTEMS:
        found = repr(system) if system else "nothing"
        raise SetupError(f"OS: found {found}, wanted one of: {', '.join(SYSTEMS)}")


def require_baked(system: str) -> None:
    """SetupError for the word of a system that is not made here, so that nothing can be put inside."""
    if system not in _DEBIAN:
        found = f"{system}, which its makers give out as it is"
        raise SetupError(f"BAKED: found OS={found}, wanted one that is made here: {', '.join(_DEBIAN)}")


def make_baked(
    system: str,
    stack_file: Path,
    store: ImageStore,
    log: Path,
    progress: Progress,
    environ: Mapping[str, str] = os.environ,
) -> Image:
    """The image of a system that is made here, with the stack of a file inside."""
    return baked.make(_DEBIAN[system], stack_file, store, log, progress, environ)


def make(
    system: str,
    store: ImageStore,
    log: Path,
    key: Path | None,
    progress: Progress,
    environ: Mapping[str, str] = os.environ,
) -> Image:
    """The image of a system: built of packages (Debian), or fetched and verified (Ubuntu; `key`: its signing key)."""
    if system in _DEBIAN:
        return debian.make(_DEBIAN[system], store, log, progress, environ)
    return ubuntu.make(system, ubuntu.origin_of(_UBUNTU[system], key), store, progress, environ)
