"""The rig's own certificate authority and the server certificates it signs."""

import datetime
import ipaddress
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from toolchain.system.secrets import secret_file

CA_DAYS = 3650
SERVER_DAYS = 700
RENEWAL_DAYS = 30
Key = ec.EllipticCurvePrivateKey


def ensure_authority(directory: Path) -> None:
    """`ca.pem` and `ca.key` in the directory; made when missing, broken or about to expire."""
    if _valid_pair(directory / "ca.pem", directory / "ca.key") is None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kubelab embedded lab CA")])
        usage = _key_usage(sign_certificates=True)
        builder = _builder(name, name, key, CA_DAYS).add_extension(x509.BasicConstraints(True, 0), critical=True)
        builder = builder.add_extension(usage, critical=True)
        _write_pair(directory, "ca", key, builder.sign(key, hashes.SHA256()))


def ensure_server(directory: Path, name: str, addresses: Sequence[str]) -> None:
    """`<name>.pem` and `<name>.key`, signed by the directory's CA, for localhost and these IP addresses."""
    authority, signer = _load(directory / "ca.pem", directory / "ca.key")
    names: list[x509.GeneralName] = [x509.DNSName("localhost")]
    names += [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
    current = _valid_pair(directory / f"{name}.pem", directory / f"{name}.key")
    if current is not None and _signed_by(current, authority) and _names(current) == names:
        return
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"kubelab {name}")])
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    builder = (
        _builder(subject, authority.subject, key, SERVER_DAYS)
        .add_extension(x509.BasicConstraints(False, None), critical=True)
        .add_extension(_key_usage(sign_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(identifier, critical=False)
    )
    _write_pair(directory, name, key, builder.sign(signer, hashes.SHA256()))


def _builder(subject: x509.Name, issuer: x509.Name, key: Key, days: int) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _key_usage(sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign_certificates,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _write_pair(directory: Path, name: str, key: Key, certificate: x509.Certificate) -> None:
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    secret_file(directory / f"{name}.key", secret.decode())
    scratch = directory / f".{name}.pem.new"
    scratch.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    scratch.replace(directory / f"{name}.pem")


def _load(certificate: Path, key: Path) -> tuple[x509.Certificate, Key]:
    private = serialization.load_pem_private_key(key.read_bytes(), None)
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{key}: not an elliptic curve key")
    return x509.load_pem_x509_certificate(certificate.read_bytes()), private


def _valid_pair(certificate: Path, key: Path) -> x509.Certificate | None:
    """The certificate, if it belongs to the key and lasts; a pair that was half replaced is not one."""
    try:
        found, private = _load(certificate, key)
    except (FileNotFoundError, ValueError, TypeError):
        return None
    remaining = found.not_valid_after_utc - datetime.datetime.now(datetime.UTC)
    lasts = remaining > datetime.timedelta(days=RENEWAL_DAYS)
    return found if lasts and found.public_key() == private.public_key() else None


def _signed_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _names(certificate: x509.Certificate) -> list[x509.GeneralName]:
    return list(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
