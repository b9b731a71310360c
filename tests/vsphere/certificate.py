"""A certificate that a simulated host presents."""

import datetime
import hashlib
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


class Certificate:
    """A self-signed certificate for 127.0.0.1: files `cert` and `key`, its PEM text and its SHA-256."""

    def __init__(self, directory: Path, name: str = "server", *, hours: tuple[int, int] = (-1, 24)) -> None:
        """`hours`: from when until when it is valid, from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.datetime.now(datetime.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + datetime.timedelta(hours=hours[0]))
            .not_valid_after(now + datetime.timedelta(hours=hours[1]))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
            .sign(key, hashes.SHA256())
        )
        self.cert = directory / f"{name}.pem"
        self.key = directory / f"{name}.key"
        self.pem = certificate.public_bytes(Encoding.PEM).decode()
        self.cert.write_text(self.pem)
        self.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        self.key.chmod(0o600)
        self.sha256 = hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()
