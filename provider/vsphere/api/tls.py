"""TLS to the host: verified by a CA, by a SHA-256 pin of its certificate, or by the system's CAs. Never off."""

import hashlib
import hmac
import socket
import ssl

from provider.vsphere.endpoint import CONNECT_SECONDS, normalized_pin
from provider.vsphere.errors import RefusedError, UnreachableError


def context(host: str, port: int, ca_pem: str | None, sha256: str | None) -> ssl.SSLContext:
    """A context that verifies the server.

    With `sha256` (64 hex digits, colons allowed) only that very certificate is accepted, whatever name it bears;
    otherwise the chain and the host name are verified against `ca_pem` or, without it, the system's CAs.
    Raises RefusedError for a malformed or wrong pin, UnreachableError when the certificate cannot be read.
    """
    if sha256:
        return _pinned(host, port, sha256)
    if ca_pem:
        try:
            return ssl.create_default_context(cadata=ca_pem)
        except ssl.SSLError as error:
            raise RefusedError(f"tls.caFile of {host}: not a PEM certificate ({error.reason})") from None
    return ssl.create_default_context()


def _pinned(host: str, port: int, sha256: str) -> ssl.SSLContext:
    wanted = normalized_pin(sha256)
    if wanted is None:
        raise RefusedError(f"tls.sha256 of {host}: found {sha256!r}, wanted 64 hex digits (colons are allowed)")
    leaf = _leaf_certificate(host, port)
    found = hashlib.sha256(leaf).hexdigest()
    if not hmac.compare_digest(found, wanted):
        raise RefusedError(
            f"connecting to {host}:{port}: its certificate has SHA-256 {colons(found)}, "
            f"tls.sha256 wants {colons(wanted)}; "
            "if the host's certificate was renewed, check the new one on its console and correct tls.sha256"
        )
    pinned = ssl.create_default_context(cadata=ssl.DER_cert_to_PEM_cert(leaf))
    pinned.check_hostname = False  # the certificate itself is compared, which is stricter than its name
    pinned.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return pinned


def colons(digest: str) -> str:
    """A hex digest the way certificate viewers show it: AB:CD:..."""
    return ":".join(digest[index : index + 2] for index in range(0, len(digest), 2)).upper()


def _leaf_certificate(host: str, port: int) -> bytes:
    """Reads the server's certificate (DER) over a connection that carries nothing else."""
    reader = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    reader.check_hostname = False
    reader.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection((host, port), timeout=CONNECT_SECONDS) as plain,
            reader.wrap_socket(plain, server_hostname=host) as connection,
        ):
            certificate = connection.getpeercert(binary_form=True)
    except OSError as error:
        raise UnreachableError(f"connecting to {host}:{port}: {error}; check server and port") from None
    if certificate is None:
        raise RefusedError(f"connecting to {host}:{port}: the server shows no certificate")
    return certificate
