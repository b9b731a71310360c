"""make pin: what is read of a server's certificate, and servers that are none."""

import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from doctor import pin
from provider.vsphere.api.tls import colons
from tests.vsphere.certificate import Certificate
from tests.vsphere.pythons import servers


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[int, Certificate]]:
    """A port where a certificate is shown, and nothing else said."""
    certificate = Certificate(tmp_path, "esxi.lab\x1b[31m")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.cert, certificate.key)
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with (
            listening,
            listening.accept()[0] as plain,
            context.wrap_socket(plain, server_side=True) as connection,
            suppress(ConnectionResetError),  # who has read the certificate may leave without a word
        ):
            connection.recv(1)

    serving = threading.Thread(target=serve, daemon=True)
    serving.start()
    yield listening.getsockname()[1], certificate
    serving.join(5)


def test_the_certificate_is_printed_as_a_site_file_takes_it_with_how_to_compare_it(
    server: tuple[int, Certificate],
) -> None:
    port, certificate = server
    lines = pin.shown("127.0.0.1", port).splitlines()
    assert lines[:2] == ["tls:", f'  sha256: "{colons(certificate.sha256)}"']
    assert lines[2] == "# subject: CN=esxi.lab?[31m", "what a terminal would obey is not printed"
    assert lines[4].startswith("# valid: 20")
    assert "#   openssl x509 -in /etc/vmware/ssl/rui.crt -noout -fingerprint -sha256" in lines
    assert all(line.startswith("#") for line in lines[2:])


@pytest.mark.parametrize(
    ("server", "place"),
    [("esxi.lab", ("esxi.lab", 443)), ("10.0.0.5:8443", ("10.0.0.5", 8443)), ("[fd00::5]:443", ("fd00::5", 443))],
)
def test_a_server_is_a_host_with_or_without_port(server: str, place: tuple[str, int]) -> None:
    assert pin.place_of(server) == place


@pytest.mark.parametrize("server", ["", "https://esxi.lab", "esxi.lab:", "esxi.lab:0", "esxi.lab:99999", "a b"])
def test_what_is_no_server_is_refused_with_an_example(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["pin", server])
    with pytest.raises(SystemExit, match=r"^error: SERVER: found .*, wanted host or host:port, for example make"):
        pin.main()


def test_a_port_where_nothing_answers_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setattr(sys, "argv", ["pin", f"127.0.0.1:{port}"])
    with pytest.raises(SystemExit, match=rf"^error: connecting to 127\.0\.0\.1:{port}: .*; check server and port$"):
        pin.main()


def test_a_server_with_which_no_tls_is_agreed_on_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_forward_secrecy = servers.context(
        servers.issued(None, "old", key=rsa.generate_private_key(65537, 2048)), tmp_path
    )
    without_forward_secrecy.maximum_version = ssl.TLSVersion.TLSv1_2
    without_forward_secrecy.set_ciphers("AES128-GCM-SHA256")
    with servers.listening(without_forward_secrecy) as port:
        monkeypatch.setattr(sys, "argv", ["pin", f"127.0.0.1:{port}"])
        with pytest.raises(SystemExit, match=r"it speaks no TLS that is spoken here .*, wanted TLS 1\.2 or later with"):
            pin.main()
