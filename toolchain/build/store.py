"""The content-addressed store of built parts: each one is built once, even by two runs, and survives any kill."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from toolchain.errors import SetupError
from toolchain.system.scratch import scratch_directory

LOCK_LIMIT_SECONDS = 3600.0
POLL_SECONDS = 0.2


@contextmanager
def locked(file: Path, what: str, limit: float, waiting: Callable[[str], None]) -> Iterator[None]:
    """Holds an exclusive lock on `file` (made if missing); the kernel frees it however the holder ends.

    Raises SetupError when somebody else still holds it after `limit` seconds; `waiting` gets the reason, once.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        deadline = time.monotonic() + limit
        reported = False
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                holder = os.pread(handle, 64, 0).decode().strip() or "unknown"
                if time.monotonic() > deadline:
                    raise SetupError(
                        f"{what}: process {holder} holds {file} since more than {limit:.0f} s; end it and run again"
                    ) from None
                if not reported:
                    waiting(f"waiting for process {holder}, which is at work on {what}")
                    reported = True
                time.sleep(POLL_SECONDS)
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)


class Store:
    """Directories `<part>-<key>` under one root, complete or absent."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def path(self, name: str, key: str) -> Path:
        return self._root / f"{name}-{key}"

    def has(self, name: str, key: str) -> bool:
        return self.path(name, key).is_dir()

    def make(self, name: str, key: str, fill: Callable[[Path], None], waiting: Callable[[str], None]) -> Path:
        """The part's directory, filled by `fill` if it does not exist: in a scratch directory, then renamed."""
        final = self.path(name, key)
        with locked(self._root / "lock" / f"{name}-{key}", name, LOCK_LIMIT_SECONDS, waiting):
            if final.is_dir():
                return final
            with scratch_directory(self._root / f".making-{name}-{key}") as scratch:
                fill(scratch)
                scratch.rename(final)
        return final
