"""Where the host is and how its certificate is verified. Pure."""

import re
from dataclasses import dataclass, field

CONNECT_SECONDS = 15
OPERATIONS = 8  # that run at once on one host, besides the copies of disks
MOST_OPERATIONS = 64
_SHA256_HEX = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the host is, who logs in and how its certificate is verified (`api/tls.py`).

    `operations` is how many the host is given at once. One that is `insecure` is not verified, and warned of.
    """

    server: str
    port: int
    user: str
    password: str = field(repr=False)
    ca_pem: str | None = None
    sha256: str | None = None
    insecure: bool = False
    operations: int = OPERATIONS


def normalized_pin(sha256: str) -> str | None:
    """A certificate's SHA-256 as 64 lower-case hex digits, None if it is not one; colons are allowed."""
    digits = sha256.replace(":", "").strip().lower()
    return digits if _SHA256_HEX.fullmatch(digits) else None


def unverified(endpoint: Endpoint) -> str | None:
    """What a user is to know at each run that talks to a server which it does not verify, None if it does."""
    if not endpoint.insecure or endpoint.sha256 or endpoint.ca_pem:
        return None
    return (
        f"the certificate of {endpoint.server}:{endpoint.port} is not verified (tls.insecure): whoever answers in its "
        "place gets the password and all that is sent; write tls.sha256 into the site file, which `make pin` prints"
    )
