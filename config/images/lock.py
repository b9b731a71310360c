"""images.lock.yaml, which `make image` writes: images by the word that a user says, each a file with its checksum."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from config.images.spec import GuestSystemName, ImageWord
from config.model import Spec
from config.values import FilePath, Sha256

LOCK_FILE = "images.lock.yaml"


def _date(value: str) -> str:
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value, re.ASCII):
        return value
    raise ValueError("wanted: a date such as 2026-11-27")


class BakedSpec(Spec):
    """What an image has inside that was made for a stack."""

    stack: str = Field(description="the stack that it was made for")
    kubernetes: str = Field(description="the version of Kubernetes")
    runtimes: dict[str, str] = Field(description="versions of container runtimes, by their words")


class LockedImageSpec(Spec):
    """One image that was made or fetched."""

    system: GuestSystemName = Field(description="the guest system that it holds")
    file: FilePath = Field(description="the OVA, in the image store unless it is absolute or begins with ./")
    sha256: Sha256 = Field(description="the SHA-256 sum of the OVA, 64 hexadecimal digits")
    source: str = Field(description="where it came from, in one line")
    date: Annotated[str, AfterValidator(_date)] = Field(description="the day on which it was made")
    baked: BakedSpec | None = Field(default=None, description="the stack inside; none: the guest system alone")

    @property
    def remedy(self) -> str:
        """How to make it again."""
        return how_to_make(self.system, self.baked.stack if self.baked else None)


class LockFile(Spec):
    """A whole lock file."""

    images: dict[ImageWord, LockedImageSpec] = Field(description="images by the word for them")


def how_to_make(system: str, stack: str | None) -> str:
    """What a user runs for the image of a system, with a stack inside or none."""
    return f"run `make image OS={system}{f' BAKED=1 STACK={stack}' if stack else ''}`"


def image_store(environ: Mapping[str, str]) -> Path:
    """The folder of images that are kept: that of KUBELAB_IMAGES, or one in the user's cache."""
    if environ.get("KUBELAB_IMAGES"):
        return Path(environ["KUBELAB_IMAGES"]).absolute()
    home = environ.get("HOME") or os.path.expanduser("~")  # noqa: PTH111 (without a home it stays as it is)
    return Path(environ.get("XDG_CACHE_HOME") or Path(home, ".cache"), "kubelab", "images").absolute()


def file_of(image: LockedImageSpec, lock: Path, store: Path) -> Path:
    """Where the OVA of an entry of the file `lock` lies, absolute."""
    beside_the_lock = image.file.startswith(("./", "../"))
    return Path(os.path.normpath((lock.parent if beside_the_lock else store).absolute() / image.file))
