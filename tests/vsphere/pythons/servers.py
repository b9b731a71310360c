"""Servers that show certificates as they are met with, and end each connection after the handshake."""

import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
ADDRESS = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who signs: a certificate with its key."""

    certificate: x509.Certificate
    key: Key

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def sha256(self) -> str:
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    def write(self, file: Path) -> Path:
        """Certificate and key, as a server loads them."""
        private = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        file.write_bytes(private + self.pem.encode())
        return file


def issued(
    by: Issuer | None,
    name: str,
    *,
    is_ca: bool = False,
    address: str | None = ADDRESS,
    days: tuple[int, int] = (-1, 1),
    key: Key | None = None,
) -> Issuer:
    """A certificate without key identifiers and key usage, as many hosts' CAs make them; self-signed without `by`."""
    own = key or ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder(
        by.certificate.subject if by else subject,
        subject,
        own.public_key(),
        x509.random_serial_number(),
        now + datetime.timedelta(days=days[0]),
        now + datetime.timedelta(days=days[1]),
    )
    if is_ca:
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=False)
    elif address:
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
        builder = builder.add_extension(names, critical=False)
    return Issuer(builder.sign(by.key if by else own, hashes.SHA256()), own)


def context(shown: Issuer, directory: Path) -> ssl.SSLContext:
    """A server that shows this certificate alone."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.set_ciphers("ALL:@SECLEVEL=0")  # what is too weak is for the client to say
    made.load_cert_chain(shown.write(directory / f"{shown.sha256}.pem"))
    return made


@contextmanager
def listening(context: ssl.SSLContext) -> Iterator[int]:
    """The port of a server that greets and says no more."""
    listener = socket.create_server((ADDRESS, 0))

    def serve() -> None:
        with suppress(OSError):  # the listener was closed
            while True:
                plain, _ = listener.accept()
                with plain, suppress(OSError), context.wrap_socket(plain, server_side=True) as connection:
                    connection.recv(1)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(timeout=10)
