"""The disk of the small OVA: one compressed grain of content, the rest of it empty."""

from __future__ import annotations

import io
import zlib

from images.ova.vmdk import GRAIN_BYTES, write_stream_optimized


def stream_optimized(name: str, capacity_sectors: int, content: bytes) -> bytes:
    """The bytes of a disk of `capacity_sectors` sectors whose first grain (64 KiB) begins with `content`.

    Raises ValueError if the capacity is not whole grain tables (32 MiB) or the content does not fit into one grain.
    """
    if len(content) > GRAIN_BYTES:
        raise ValueError(f"content of {name}: {len(content)} bytes, at most {GRAIN_BYTES} fit into a grain")
    disk = io.BytesIO()
    write_stream_optimized(disk, name, capacity_sectors, [(0, zlib.compress(content.ljust(GRAIN_BYTES, b"\0"), 9))])
    return disk.getvalue()
