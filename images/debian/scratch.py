"""A place for files on their way that may belong to other users of a user namespace."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from images.debian.namespace import as_root
from toolchain.system.run import logged
from toolchain.system.scratch import scratch_directory


@contextmanager
def scratch_of_users(path: Path, log: Path, environ: Mapping[str, str]) -> Iterator[Path]:
    """A new directory at `path`, of which nothing is left afterwards, whoever the files in it belong to."""

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
