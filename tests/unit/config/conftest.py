"""Labs to load, laid out as files."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.unit.config.lab_folder import CASES, MINIMAL, LabFolder, text_of


@pytest.fixture
def lab_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], LabFolder]:
    """Lays out the files of a case, with the minimal ones for those it lacks."""

    def lay_out(case: Path) -> LabFolder:
        folder = LabFolder(tmp_path)
        folder.stack.parent.mkdir()
        for target in (folder.stack, folder.site):
            own = case / target.name
            target.write_text(text_of(own if own.exists() else MINIMAL / target.name))
        for file in case.iterdir():
            if file.name not in (folder.stack.name, folder.site.name, "expected.txt"):
                shutil.copy(file, folder.stack.parent)
        monkeypatch.chdir(tmp_path)
        return folder

    return lay_out


@pytest.fixture
def minimal(lab_folder: Callable[[Path], LabFolder]) -> LabFolder:
    """The smallest lab there is."""
    return lab_folder(MINIMAL)


@pytest.fixture(scope="session")
def certificate() -> tuple[str, str]:
    """A self-signed certificate and its key, both PEM."""
    return _self_signed()


@pytest.fixture(scope="session")
def other_certificate() -> str:
    """Another self-signed certificate, PEM."""
    return _self_signed()[0]


def _self_signed() -> tuple[str, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a lab's authority")])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, start, start + timedelta(days=36500))
    pem = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    return pem, private


@pytest.fixture
def everything(lab_folder: Callable[[Path], LabFolder]) -> LabFolder:
    """A lab in which everything is written that may be."""
    return lab_folder(CASES / "valid" / "02-everything")
