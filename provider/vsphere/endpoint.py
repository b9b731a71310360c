"""Where the host is and how its certificate is verified. Pure."""

import re
from dataclasses import dataclass, field

CONNECT_SECONDS = 15
_SHA256_HEX = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the host is, who logs in and how its certificate is verified (`api/tls.py`)."""

    server: str
    port: int
    user: str
    password: str = field(repr=False)
    ca_pem: str | None = None
    sha256: str | None = None


def normalized_pin(sha256: str) -> str | None:
    """A certificate's SHA-256 as 64 lower-case hex digits, None if it is not one; colons are allowed."""
    digits = sha256.replace(":", "").strip().lower()
    return digits if _SHA256_HEX.fullmatch(digits) else None
