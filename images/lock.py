"""The lock file: which image a word in a site file stands for. Read by config/, written here."""

import os
from collections.abc import Callable
from pathlib import Path

import yaml

from images.store import Baked, Image, word_of
from toolchain.build.store import locked
from toolchain.errors import SetupError

HEAD = """\
# Written by `make image`; a site file says `image: <word>`. Files lie in the image store: KUBELAB_IMAGES, else
# kubelab/images below XDG_CACHE_HOME or ~/.cache.
"""
WAIT_SECONDS = 60.0
MAX_BYTES = 1 << 20


def enter(lock: Path, image: Image, waiting: Callable[[str], None]) -> None:
    """Writes the image's entry, under its word; others stay. The file is replaced in one step.

    SetupError for a file that is no lock file, which is left as it is.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with locked(lock.with_name(f".{lock.name}.lock"), str(lock), WAIT_SECONDS, waiting):
        unfinished = lock.with_name(f".{lock.name}.{os.getpid()}")
        try:
            unfinished.write_text(with_entry(_read(lock), image, str(lock)))
            unfinished.replace(lock)
        finally:
            unfinished.unlink(missing_ok=True)


def entry_of(lock: Path, system: str, stack: str | None = None) -> Image:
    """The entry of a system, or of its image with a stack inside.

    SetupError when there is none, or the file is no lock file.
    """
    word = word_of(system, Baked(stack, "", {}) if stack else None)
    try:
        return Image.of_entry(_images(_read(lock), str(lock))[word])
    except (KeyError, AttributeError, TypeError) as error:
        more = f" BAKED=1 STACK={stack}" if stack else ""
        raise SetupError(f"{lock}: no image {word} in it; run `make image OS={system}{more}`") from error


def with_entry(text: str, image: Image, where: str) -> str:
    """The text of a lock file (may be empty) with the entry for `image`; SetupError for any other text."""
    merged = {str(word): each for word, each in {**_images(text, where), image.word: image.entry()}.items()}
    data = {"images": dict(sorted(merged.items()))}
    return HEAD + str(yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=10_000))


def _images(text: str, where: str) -> dict[str, dict[str, object]]:
    remedy = "remove it, or name another by LOCK="
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SetupError(f"{where}: no YAML ({' '.join(str(error).split())}); {remedy}") from error
    if found is None:
        return {}
    images = found.get("images") if isinstance(found, dict) else None
    if not isinstance(images, dict) or set(found) != {"images"}:
        raise SetupError(f"{where}: no lock file of images (wanted: `images:` alone); {remedy}")
    return images


def _read(lock: Path) -> str:
    try:
        with lock.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise SetupError(f"reading {lock}: {error.strerror}") from error
    if len(content) > MAX_BYTES:
        raise SetupError(f"{lock}: more than {MAX_BYTES} bytes, no lock file of images; name another by LOCK=")
    return content.decode(errors="replace")
