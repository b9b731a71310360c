"""An OVA that is fetched: by https alone, also where its server sends on; and what is said of one that breaks."""

import ipaddress
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from provider.vsphere.errors import CancelledError, VsphereError
from provider.vsphere.images import fetching
from provider.vsphere.images.fetching import fetched as opened

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


LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@contextmanager
def answering(answer: bytes, context: ssl.SSLContext, *, reset: bool = False, wait: bool = False) -> Iterator[str]:
    """A server that gives these bytes to each request and ends the connection, perhaps rudely or never; its URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def serve() -> None:
        with suppress(OSError):
            while True:
                plain, _ = listener.accept()
                with suppress(OSError):
                    secure = context.wrap_socket(plain, server_side=True)
                    secure.recv(65536)
                    secure.sendall(answer)
                    if wait:
                        ended.wait()
                    if reset:
                        secure.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    secure.close()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"https://127.0.0.1:{listener.getsockname()[1]}/image.ova"
    finally:
        ended.set()
        listener.close()


@pytest.mark.case("V9")
@pytest.mark.parametrize(
    ("answer", "reset", "told"),
    [
        (LENGTH + bytes(40000), False, r"the download broke after 40000 of 100000 bytes \(.*\); run up again"),
        (
            LENGTH + bytes(40000),
            True,
            r"the download broke after \d+ of 100000 bytes \(.*\); run up again|it cannot be",
        ),
        (
            LENGTH,
            False,
            r"the download broke after 0 of 100000 bytes \(the server ended the connection\); run up again",
        ),
        (CHUNKED + b"9c40\r\n" + bytes(40000), False, r"the download broke after \d+ bytes \(.*\); run up again"),
        (CHUNKED + b"nonsense\r\n", False, r"it cannot be fetched \(.*\); see whether image\.ova in the site file is"),
        (b"nonsense\r\n\r\n", False, r"it cannot be fetched \(nonsense.*\); see whether"),
        (b"", False, r"it cannot be fetched \(Remote end closed connection.*\); see whether"),
        (b"HTTP/1.1 404 Gone\r\nContent-Length: 0\r\n\r\n", False, r"it cannot be fetched \(HTTP Error 404: Gone\)"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n", False, r"it cannot be fetched \(got more than 100"),
    ],
)
def test_a_download_that_breaks_is_one_sentence(context: ssl.SSLContext, answer: bytes, reset: bool, told: str) -> None:
    with (
        answering(answer, context, reset=reset) as url,
        pytest.raises(VsphereError, match=told) as caught,
        opened(url, "0" * 64, nothing),
    ):
        pass
    assert "\n" not in str(caught.value)


@pytest.mark.case("V9")
def test_a_download_that_does_not_go_on_ends(context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "FETCH_SECONDS", 0.5)
    with (
        answering(LENGTH + bytes(40000), context, wait=True) as url,
        pytest.raises(VsphereError, match=r"the download broke after 40000 of 100000 bytes \(.*timed out\); run up"),
        opened(url, "0" * 64, nothing),
    ):
        pass


@pytest.mark.case("V9")
def test_a_cancelled_run_ends_a_download(context: ssl.SSLContext) -> None:
    def cancelled() -> None:
        raise CancelledError("importing: cancelled")

    with (
        answering(LENGTH + bytes(40000), context, wait=True) as url,
        pytest.raises(CancelledError),
        opened(url, "0" * 64, cancelled),
    ):
        pass


@pytest.mark.case("V9")
def test_a_machine_without_room_for_the_download_says_where(
    context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def full() -> Iterator[BinaryIO]:
        with Path("/dev/full").open("wb", buffering=0) as file:
            yield file

    monkeypatch.setattr(fetching, "_scratch", full)
    with (
        serving(lambda _: None, context) as url,
        pytest.raises(VsphereError, match=r"it cannot be kept in /\S+ \(No space left on device\); make room there"),
        opened(f"{url}/image.ova", "0" * 64, nothing),
    ):
        pass
