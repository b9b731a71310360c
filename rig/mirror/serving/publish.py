"""What the file server serves, put together from built parts: signed apt repositories and single files."""

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from rig.mirror.apt import signing
from rig.mirror.apt.repositories import Repository

_STAMP = ".made-from"


def publish(apt: Path, repositories: Iterable[Repository], files: Iterable[Path], key: Path, root: Path) -> None:
    """Makes `root` hold `apt/` (signed with `key`, which is made if missing) and `files/`; nothing to do costs nothing.

    `apt`: output of the part of this name, with these repositories; `files`: outputs of those with single files.
    Their files are linked to, not copied. `root` is replaced as a whole, so that no client sees a half of it.
    """
    signing.ensure_key(key)
    sources = (("apt", apt), *(("files", directory) for directory in files))
    wanted = _inputs(sources, key)
    if (root / _STAMP).is_file() and (root / _STAMP).read_text() == wanted:
        return
    scratch = root.with_name(f".{root.name}.new")
    shutil.rmtree(scratch, ignore_errors=True)
    for name, source in sources:
        _mirror(source, scratch / name)
    public_key = signing.public_key(key)
    releases = {}
    for repository in repositories:
        directory = scratch / "apt" / repository.path / repository.release_directory
        releases[directory / "Release"] = directory
        (scratch / "apt" / repository.key).write_text(public_key)
    signing.sign(releases, key)
    (scratch / _STAMP).write_text(wanted)
    old = root.with_name(f".{root.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if root.exists():
        root.rename(old)
    scratch.rename(root)
    shutil.rmtree(old, ignore_errors=True)


def _inputs(sources: Iterable[tuple[str, Path]], key: Path) -> str:
    lines = [f"{name} {source.resolve()}" for name, source in sources]
    lines.append(f"key {hashlib.sha256(key.read_bytes()).hexdigest()}")
    return "".join(f"{line}\n" for line in lines)


def _mirror(source: Path, target: Path) -> None:
    """The directories of `source` with a link to each file."""
    target.mkdir(parents=True, exist_ok=True)
    for directory, file in _walk(source):
        (target / directory).mkdir(parents=True, exist_ok=True)
        (target / directory / file).symlink_to(source.resolve() / directory / file)


def _walk(source: Path) -> Iterator[tuple[Path, str]]:
    for directory, _, files in os.walk(source):
        for file in files:
            yield Path(directory).relative_to(source), file
