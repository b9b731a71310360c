"""The rig's certificates: a client that trusts the CA alone accepts its servers, and nobody else's."""

import datetime
import socket
import ssl
import threading
from pathlib import Path

import pytest
from cryptography import x509

from rig.services import certificates, simulator
from toolchain.system.secrets import ensure_secret, read_secret


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    certificates.ensure_authority(tmp_path)
    certificates.ensure_server(tmp_path, "esxi", ["127.0.0.1"])
    return tmp_path


def strict_handshake(directory: Path, authority: Path, name: str) -> str | None:
    """Why a client that trusts `authority` refuses the server of `directory` under `name`; None when it does not."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(directory / "esxi.pem", directory / "esxi.key")
    client = ssl.create_default_context(cafile=str(authority))
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    here, there = socket.socketpair()

    def serve() -> None:
        try:
            server.wrap_socket(there, server_side=True).close()
        except (ssl.SSLError, OSError):
            there.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        client.wrap_socket(here, server_hostname=name).close()
    except ssl.SSLError as error:
        return str(error)
    finally:
        here.close()
        thread.join(10)
    return None


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_a_strict_client_that_trusts_the_ca_accepts_the_server(directory: Path, name: str) -> None:
    assert strict_handshake(directory, directory / "ca.pem", name) is None


def test_a_client_refuses_the_server_under_another_address(directory: Path) -> None:
    assert "mismatch" in (strict_handshake(directory, directory / "ca.pem", "10.87.0.1") or "")


def test_a_client_that_trusts_another_ca_refuses_the_server(directory: Path, tmp_path: Path) -> None:
    certificates.ensure_authority(tmp_path / "other")
    assert "verify failed" in (strict_handshake(directory, tmp_path / "other" / "ca.pem", "127.0.0.1") or "")


def test_keys_can_be_read_by_their_owner_alone(directory: Path) -> None:
    assert {file.stat().st_mode & 0o777 for file in directory.glob("*.key")} == {0o600}


def test_a_second_run_keeps_what_is_there(directory: Path) -> None:
    before = {file.name: file.read_bytes() for file in directory.iterdir()}
    certificates.ensure_authority(directory)
    certificates.ensure_server(directory, "esxi", ["127.0.0.1"])
    assert {file.name: file.read_bytes() for file in directory.iterdir()} == before


def test_other_addresses_need_a_new_certificate(directory: Path) -> None:
    before = (directory / "esxi.pem").read_bytes()
    certificates.ensure_server(directory, "esxi", ["127.0.0.1", "10.87.0.1"])
    assert (directory / "esxi.pem").read_bytes() != before


def test_a_half_replaced_pair_is_made_anew_with_all_that_hangs_on_it(directory: Path, tmp_path: Path) -> None:
    certificates.ensure_authority(tmp_path / "other")
    (directory / "ca.key").write_bytes((tmp_path / "other" / "ca.key").read_bytes())
    certificates.ensure_authority(directory)
    certificates.ensure_server(directory, "esxi", ["127.0.0.1"])
    assert strict_handshake(directory, directory / "ca.pem", "127.0.0.1") is None


def test_a_server_certificate_outlives_a_year(directory: Path) -> None:
    certificate = x509.load_pem_x509_certificate((directory / "esxi.pem").read_bytes())
    assert certificate.not_valid_after_utc - datetime.datetime.now(datetime.UTC) > datetime.timedelta(days=365)


def test_a_port_where_nobody_listens_is_named_as_unreachable(directory: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        reason = simulator.unreachable("127.0.0.1", port, directory / "ca.pem")
    assert reason is not None
    assert reason.startswith(f"127.0.0.1:{port}: ")


def test_a_secret_is_made_once_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "esxi" / "password"
    ensure_secret(file)
    first = read_secret(file)
    ensure_secret(file)
    assert read_secret(file) == first
    assert len(first) == 32
    assert file.stat().st_mode & 0o777 == 0o600
