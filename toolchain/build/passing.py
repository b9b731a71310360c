"""Which failures of a build may have passed a moment later: the network's, and a mount that was still in use. Pure."""

import re
from collections.abc import Iterable

PASSING = re.compile(
    "|".join(
        (
            r"target is busy",
            r"connection (?:reset|refused|timed out|failed)|network is unreachable|unable to connect|cannot initiate",
            r"i/o timeout|TLS handshake timeout|context deadline exceeded|read timed out|operation timed out",
            r"temporary failure (?:resolving|in name resolution)|no such host|could not resolve|server misbehaving",
            r"unexpected EOF|remote end closed connection|stream error|connection broken|http2: ",
            r"\b429 too many requests|\b500 internal server|\b502 bad gateway|\b503 service unavailable|\b504 gateway",
            r"hash sum mismatch|file has unexpected size|mirror sync in progress",
        )
    ),
    re.IGNORECASE,
)


def passing_reason(lines: Iterable[str]) -> str | None:
    """The last of a failure's lines that tells of something passing; None when building again would change nothing."""
    return next((line.strip() for line in reversed([*lines]) if PASSING.search(line)), None)
