"""What an image of a release would be as of today, before anything of it is made: its packages and its key."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from images.debian import rootfs
from images.debian.recipe import Recipe
from toolchain.progress import Progress

OF_ROOT = (Path(__file__).parent,)
"""The code that makes a root file system."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A release with its packages of today and where they come from."""

    recipe: Recipe
    archive: rootfs.Archive
    packages: rootfs.Packages

    @property
    def moment(self) -> int:
        """The time (Unix seconds) of all in the image that has none of its own."""
        return self.packages.published

    @property
    def source(self) -> str:
        """Where it comes from, in one line."""
        packages = self.packages
        return (
            f"Debian {self.recipe.suite} as published {day(packages.published)}, {len(packages.versions)} packages"
            f" with sha256:{packages.digest}"
        )

    def key(self, code: Sequence[Path]) -> str:
        """SHA-256 (hex) by which what `code` (files and folders) makes of it is known again."""
        facts = f"{rootfs.recipe_digest(self.recipe, code)} {self.packages.digest} {self.packages.published}"
        return hashlib.sha256(facts.encode()).hexdigest()


def plan(recipe: Recipe, scratch: Path, log: Path, progress: Progress, environ: Mapping[str, str] = os.environ) -> Plan:
    """The plan of a release, as a step of `progress`. SetupError when its packages cannot be resolved."""
    archive = rootfs.archive_of(recipe, environ)
    with progress.step(f"packages of {recipe.system}"):
        return Plan(recipe, archive, rootfs.resolve(recipe, archive, scratch, log, environ))


def day(moment: int) -> str:
    """The day of a time, as YYYY-MM-DD."""
    return datetime.fromtimestamp(moment, UTC).date().isoformat()
