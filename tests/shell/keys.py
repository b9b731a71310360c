"""A cluster's authority, what it signs, and the host key of w1's machine: one and the same of each in a run."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from components.steps.cluster.membership import Admission


def authority(name: str = "kubernetes", age: timedelta = timedelta()) -> x509.Certificate:
    """The certificate of a cluster's authority, which is valid for a day from its birth: one and the same in a run."""
    return _authority(name, age)[0]


def authority_key() -> ed25519.Ed25519PrivateKey:
    """The key of the cluster's authority."""
    return _authority("kubernetes", timedelta())[1]


@cache
def _authority(name: str, age: timedelta) -> tuple[x509.Certificate, ed25519.Ed25519PrivateKey]:
    key, now = ed25519.Ed25519PrivateKey.generate(), datetime.now(UTC)
    return _signed(name, key.public_key(), name, key, now - age), key


def _signed(
    name: str,
    public: ed25519.Ed25519PublicKey,
    issuer: str,
    key: ed25519.Ed25519PrivateKey,
    born: datetime,
) -> x509.Certificate:
    subject, signer = (x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, each)]) for each in (name, issuer))
    unsigned = x509.CertificateBuilder().subject_name(subject).issuer_name(signer).public_key(public)
    dated = unsigned.serial_number(1).not_valid_before(born).not_valid_after(born + timedelta(days=1))
    return dated.sign(key, None)


def authority_text(name: str = "kubernetes", age: timedelta = timedelta()) -> str:
    """The same as a file has it."""
    return authority(name, age).public_bytes(Encoding.PEM).decode()


def private_text(key: ed25519.Ed25519PrivateKey, form: PrivateFormat = PrivateFormat.PKCS8) -> str:
    """A private key as a file has it."""
    return key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()


@cache
def worker_key() -> ed25519.Ed25519PrivateKey:
    """The host key of w1's machine, by which it joins."""
    return ed25519.Ed25519PrivateKey.generate()


@cache
def host_key_text(key: ed25519.Ed25519PrivateKey) -> str:
    """A host key as sshd has it on its machine."""
    return private_text(key, PrivateFormat.OpenSSH)


def public_half() -> str:
    """The public half of w1's host key, as its resource says it."""
    public = worker_key().public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    return f"{public} w1"


@cache
def admitted(name: str = "kubernetes") -> Admission:
    """What the cluster with that authority answers to w1."""
    ca, key = _authority(name, timedelta())
    signed = _signed("system:node:w1", worker_key().public_key(), name, key, ca.not_valid_before_utc)
    return Admission(*(b64encode(each.public_bytes(Encoding.PEM)).decode() for each in (signed, ca)))
