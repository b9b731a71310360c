"""The lab's own certificate authority and the server certificates it signs: made once, and valid for good."""

import ipaddress
from collections.abc import Sequence
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization

from toolchain.system.secrets import secret_file

ORGANIZATION = "kubelab embedded lab"


def ensure_authority(directory: Path) -> None:
    """`ca.pem` and `ca.key` in the directory; made when missing or not belonging together."""
    if _certificate(directory / "ca.pem", directory / "ca.key") is None:
        authority = trustme.CA(organization_name=ORGANIZATION, path_length=0)
        _write_pair(directory, "ca", authority.cert_pem, authority.private_key_pem)


def ensure_server(directory: Path, name: str, addresses: Sequence[str]) -> None:
    """`<name>.pem` and `<name>.key`, signed by the directory's CA, for localhost and these IP addresses."""
    authority = directory / "ca.pem"
    wanted = {x509.DNSName("localhost"), *(x509.IPAddress(ipaddress.ip_address(each)) for each in addresses)}
    current = _certificate(directory / f"{name}.pem", directory / f"{name}.key")
    if current is not None and _names(current) == wanted and _signed_by(current, authority):
        return
    signer = trustme.CA.from_pem(authority.read_bytes(), (directory / "ca.key").read_bytes())
    server = signer.issue_cert("localhost", *addresses, common_name=f"kubelab {name}", organization_name=ORGANIZATION)
    _write_pair(directory, name, server.cert_chain_pems[0], server.private_key_pem)


def _write_pair(directory: Path, name: str, certificate: trustme.Blob, key: trustme.Blob) -> None:
    secret_file(directory / f"{name}.key", key.bytes().decode())
    scratch = directory / f".{name}.pem.new"
    scratch.write_bytes(certificate.bytes())
    scratch.replace(directory / f"{name}.pem")


def _certificate(certificate: Path, key: Path) -> x509.Certificate | None:
    """The certificate, if it belongs to the key; a pair that was half replaced is not one."""
    try:
        found = x509.load_pem_x509_certificate(certificate.read_bytes())
        private = serialization.load_pem_private_key(key.read_bytes(), None)
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return found if found.public_key() == private.public_key() else None


def _signed_by(certificate: x509.Certificate, authority: Path) -> bool:
    try:
        certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.read_bytes()))
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _names(certificate: x509.Certificate) -> set[x509.GeneralName]:
    return {*certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value}
