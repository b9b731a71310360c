"""An OVA that is fetched: by https alone, also where its server sends on."""

import ipaddress
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from provider.vsphere.errors import VsphereError
from provider.vsphere.images.ova import opened

PAGE = b"no OVA at all"


def nothing() -> None:
    pass


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server's identity that this process trusts."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    unsigned = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    unsigned = unsigned.add_extension(
        x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
    )
    pem = unsigned.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "both.pem").write_bytes(private + pem)
    (tmp_path / "ca.pem").write_bytes(pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "both.pem")
    return server


@contextmanager
def serving(to: Callable[[str], str | None], context: ssl.SSLContext | None = None) -> Iterator[str]:
    """A server that sends on where `to` says so for a path, and has `PAGE` everywhere else; its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            target = to(self.path)
            self.send_response(302 if target else 200)
            if target:
                self.send_header("Location", target)
            self.send_header("Content-Length", "0" if target else str(len(PAGE)))
            self.end_headers()
            if not target:
                self.wfile.write(PAGE)

        def log_message(self, *_: object) -> None:
            """It says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"{'https' if context else 'http'}://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.case("T11")
def test_a_server_that_sends_on_to_http_is_not_followed(context: ssl.SSLContext) -> None:
    with (
        serving(lambda _: None) as plain,
        serving(lambda _: f"{plain}/image.ova", context) as secure,
        pytest.raises(VsphereError, match=rf"sends on to {plain}/image\.ova, which is not https"),
        opened(f"{secure}/image.ova", "0" * 64, nothing),
    ):
        pass


@pytest.mark.case("T11")
def test_a_server_that_sends_on_by_https_is_followed(context: ssl.SSLContext) -> None:
    with (
        serving(lambda path: "/elsewhere" if path == "/image.ova" else None, context) as secure,
        pytest.raises(VsphereError, match=r"its SHA-256 is [0-9a-f]{64}"),
        opened(f"{secure}/image.ova", "0" * 64, nothing),
    ):
        pass
