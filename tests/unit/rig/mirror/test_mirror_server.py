"""The file server: regular files below its root over TLS, nothing else."""

import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from rig.mirror.serving.server import FileServer, locate, tls_context
from rig.services.certificates import ensure_authority, ensure_server

LOOPBACK = "127.0.0.1"
CONTENT = b"kind: Namespace\n"


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    directory = tmp_path / "ca"
    ensure_authority(directory)
    ensure_server(directory, "mirror", [LOOPBACK])
    return directory


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A tree as publish() makes it: files are links to elsewhere."""
    store = tmp_path / "store.yml"
    store.write_bytes(CONTENT)
    root = tmp_path / "www"
    (root / "apt/kubernetes/core:/stable:").mkdir(parents=True)
    (root / "apt/kubernetes/core:/stable:/Release").symlink_to(store)
    (tmp_path / "secret").write_text("outside")
    return root


@pytest.fixture
def server(root: Path, authority: Path) -> Iterator[FileServer]:
    context = tls_context(authority / "mirror.pem", authority / "mirror.key")
    with FileServer((LOOPBACK, 0), root, context) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def connection(server: FileServer, authority: Path) -> Iterator[http.client.HTTPSConnection]:
    context = ssl.create_default_context(cafile=authority / "ca.pem")
    connection = http.client.HTTPSConnection(LOOPBACK, server.server_address[1], timeout=10, context=context)
    yield connection
    connection.close()


def fetch(connection: http.client.HTTPSConnection, method: str, target: str) -> tuple[int, bytes, str | None]:
    connection.request(method, target)
    response = connection.getresponse()
    return response.status, response.read(), response.getheader("Content-Length")


def test_a_file_is_served_and_the_connection_kept(connection: http.client.HTTPSConnection) -> None:
    target = "/apt/kubernetes/core:/stable:/Release"
    assert fetch(connection, "GET", target) == (200, CONTENT, str(len(CONTENT)))
    kept = connection.sock
    assert fetch(connection, "HEAD", target) == (200, b"", str(len(CONTENT)))
    assert fetch(connection, "GET", target.replace(":", "%3a").replace("/stable", "//stable"))[0] == 200
    assert connection.sock is kept


@pytest.mark.parametrize(
    "target", ["/", "/apt/kubernetes/", "/missing", "/../secret", "/apt/%2e%2e/%2e%2e/secret", "/apt%00", "/%ff"]
)
def test_directories_and_what_lies_outside_are_not_found(connection: http.client.HTTPSConnection, target: str) -> None:
    status, body, _ = fetch(connection, "GET", target)
    assert status == 404
    assert b"outside" not in body


def test_other_methods_are_refused(connection: http.client.HTTPSConnection) -> None:
    assert fetch(connection, "PUT", "/apt/new")[0] == 501


def test_a_client_that_never_shakes_hands_keeps_nobody_waiting(
    server: FileServer, connection: http.client.HTTPSConnection
) -> None:
    with socket.create_connection((LOOPBACK, server.server_address[1]), timeout=10):
        assert fetch(connection, "GET", "/apt/kubernetes/core:/stable:/Release")[0] == 200


def test_a_client_without_tls_gets_nothing(server: FileServer) -> None:
    with socket.create_connection((LOOPBACK, server.server_address[1]), timeout=10) as plain:
        plain.sendall(b"GET /apt/kubernetes/core:/stable:/Release HTTP/1.1\r\n\r\n")
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            answer = plain.recv(4096)
        assert b"HTTP" not in answer
        assert CONTENT not in answer


def test_a_dangling_link_is_not_a_file(root: Path) -> None:
    (root / "gone").symlink_to(root / "nowhere")
    assert locate(root, "/gone") is None
