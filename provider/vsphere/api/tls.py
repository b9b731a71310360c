"""TLS to the host: verified by a CA, by a SHA-256 pin of its certificate, or by the system's CAs.

It is off where a site says so in plain words alone. What verifies is the same on every Python (`handshake.py`).
"""

import hashlib
import hmac
import ssl
from typing import Any

from provider.vsphere.api import certificates, handshake
from provider.vsphere.endpoint import normalized_pin
from provider.vsphere.errors import RefusedError

_ALGORITHMS = {40: "sha1", 64: "sha256"}  # by the number of hex digits


def context(host: str, port: int, ca_pem: str | None, sha256: str | None, *, insecure: bool = False) -> ssl.SSLContext:
    """A context that verifies the server.

    With `sha256` (64 hex digits, colons allowed) only that very certificate is accepted, whatever name, dates and
    issuer it bears; otherwise the chain and the host name are verified against `ca_pem` (of which any certificate may
    end the chain) or, without it, the system's CAs; with `insecure` and without both, nothing is. Raises RefusedError
    for a malformed pin or CA; a context with a pin raises it at a connection to another one.
    """
    if sha256:
        wanted = normalized_pin(sha256)
        if wanted is None:
            raise RefusedError(f"tls.sha256 of {host}: found {sha256!r}, wanted 64 hex digits (colons are allowed)")
        return _pinned(f"{host}:{port}", wanted)
    if insecure and not ca_pem:
        return handshake.unverified(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    if not ca_pem:
        return handshake.by_the_systems_cas()
    try:
        return handshake.alike(ssl.create_default_context(cadata=ca_pem))
    except ssl.SSLError as error:
        raise RefusedError(f"tls.caFile of {host}: not a PEM certificate ({error.reason})") from None


class _PinnedContext(ssl.SSLContext):
    """Compares the server's certificate at each connection, before anything is sent: the pin alone decides."""

    where: str
    pin: str

    def wrap_socket(self, *args: Any, **options: Any) -> ssl.SSLSocket:
        connection = super().wrap_socket(*args, **options)
        found = certificates.digest(connection.getpeercert(binary_form=True) or b"")
        if hmac.compare_digest(found, self.pin):
            return connection
        connection.close()
        raise RefusedError(
            f"connecting to {self.where}: its certificate has SHA-256 {colons(found)}, tls.sha256 wants "
            f"{colons(self.pin)}; if the host's certificate was renewed, check the new one on its console and correct "
            "tls.sha256"
        )


class _ThumbprintContext(ssl.SSLContext):
    """As a pin, by what a server that is trusted said of this one."""

    where: str
    thumbprint: str

    def wrap_socket(self, *args: Any, **options: Any) -> ssl.SSLSocket:
        connection = super().wrap_socket(*args, **options)
        algorithm = _ALGORITHMS[len(self.thumbprint)]
        found = hashlib.new(algorithm, connection.getpeercert(binary_form=True) or b"").hexdigest()
        if hmac.compare_digest(found, self.thumbprint):
            return connection
        connection.close()
        raise RefusedError(
            f"connecting to {self.where}: its certificate has the thumbprint {colons(found)}, and the vCenter says "
            f"{colons(self.thumbprint)}; see in the vCenter whether the host's certificate was renewed, and connect "
            "the host there again"
        )


def thumbprinted(host: str, port: int, thumbprint: str) -> ssl.SSLContext:
    """A context that accepts the certificate of this thumbprint alone (SHA-1 or SHA-256, hex; colons are allowed).

    A vCenter gives it for the host that takes a disk. SHA-1 is what it knows its hosts by: finding another certificate
    of a given SHA-1 (a second preimage) is beyond reach, unlike two of one. Raises RefusedError for any other length.
    """
    digits = thumbprint.replace(":", "").strip().lower()
    if len(digits) not in _ALGORITHMS:
        raise RefusedError(f"thumbprint of {host}:{port}: found {thumbprint!r}, wanted 40 or 64 hex digits")
    # What would be verified says less than the comparison.
    context = handshake.unverified(_ThumbprintContext(ssl.PROTOCOL_TLS_CLIENT))
    context.where, context.thumbprint = f"{host}:{port}", digits
    return context


def _pinned(where: str, pin: str) -> ssl.SSLContext:
    # What would be verified says less than the comparison.
    pinned = handshake.unverified(_PinnedContext(ssl.PROTOCOL_TLS_CLIENT))
    pinned.where, pinned.pin = where, pin
    return pinned


def colons(digest: str) -> str:
    """A hex digest the way certificate viewers show it: AB:CD:..."""
    return ":".join(digest[index : index + 2] for index in range(0, len(digest), 2)).upper()
