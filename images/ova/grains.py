"""The grains of a raw disk that hold something, compressed: holes of the file are not even read."""

import errno
import os
import zlib
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from images.ova.vmdk import GRAIN_BYTES

LEVEL = 6
EMPTY = bytes(GRAIN_BYTES)
AHEAD = 64


def compressed_grains(disk: Path, workers: int | None = None) -> Iterator[tuple[int, bytes]]:
    """Number and compressed content of each grain of a raw disk that is not all zeros, in rising order.

    The content does not depend on `workers`, the number of threads (zlib lets others work meanwhile), but on zlib.
    """
    with ThreadPoolExecutor(workers or os.cpu_count()) as pool:
        pending: deque[tuple[int, Future[bytes]]] = deque()
        for number, content in _grains(disk):
            pending.append((number, pool.submit(zlib.compress, content, LEVEL)))
            if len(pending) > AHEAD:
                first, done = pending.popleft()
                yield first, done.result()
        for number, done in pending:
            yield number, done.result()


def _grains(disk: Path) -> Iterator[tuple[int, bytes]]:
    with disk.open("rb") as source:
        size = os.fstat(source.fileno()).st_size
        position = 0
        while position < size:
            try:
                data = os.lseek(source.fileno(), position, os.SEEK_DATA)
            except OSError as error:
                if error.errno == errno.ENXIO:  # nothing but a hole up to the end
                    return
                raise
            position = data // GRAIN_BYTES * GRAIN_BYTES
            content = os.pread(source.fileno(), GRAIN_BYTES, position).ljust(GRAIN_BYTES, b"\0")
            if content != EMPTY:
                yield position // GRAIN_BYTES, content
            position += GRAIN_BYTES
