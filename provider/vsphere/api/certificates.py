"""A server's certificate: reading it without trusting it, and its dates beside this machine's clock."""

import hashlib
import socket
import ssl
from datetime import UTC, datetime

from cryptography import x509

from provider.vsphere.api import handshake
from provider.vsphere.endpoint import CONNECT_SECONDS
from provider.vsphere.errors import RefusedError, UnreachableError


def read(host: str, port: int) -> bytes:
    """The server's certificate (DER), over a connection that carries nothing else.

    Raises UnreachableError, or RefusedError if it shows none or speaks no TLS that is spoken here.
    """
    reader = handshake.unverified(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    try:
        with (
            socket.create_connection((host, port), timeout=CONNECT_SECONDS) as plain,
            reader.wrap_socket(plain, server_hostname=host) as connection,
        ):
            certificate = connection.getpeercert(binary_form=True)
    except OSError as error:
        if said := handshake.disagreement(error):
            raise RefusedError(f"connecting to {host}:{port}: it {said}") from None
        raise UnreachableError(f"connecting to {host}:{port}: {error}; check server and port") from None
    if certificate is None:
        raise RefusedError(f"connecting to {host}:{port}: the server shows no certificate")
    return certificate


def digest(certificate: bytes) -> str:
    """Its SHA-256 as 64 hex digits."""
    return hashlib.sha256(certificate).hexdigest()


def outside_its_dates(certificate: bytes, now: datetime | None = None) -> str | None:
    """Its dates with this machine's clock, if the clock is not between them; None if it is, or they cannot be read."""
    now = now or datetime.now(UTC)
    try:
        read_certificate = x509.load_der_x509_certificate(certificate)
        begin, end = read_certificate.not_valid_before_utc, read_certificate.not_valid_after_utc
    except ValueError:
        return None
    if begin <= now <= end:
        return None
    return (
        f"it is valid from {_shown(begin)} to {_shown(end)}, and the clock of this machine says {_shown(now)}: "
        f"{'it has expired' if now > end else 'it is not valid yet'}, or this clock is wrong"
    )


def _shown(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")
