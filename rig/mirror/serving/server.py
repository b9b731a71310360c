"""The file server over TLS: `python -m rig.mirror.serving.server`, `--help` lists what it needs.

GET and HEAD of regular files below the root; no listings. Prints one line with its URL when it is ready.
"""

import argparse
import shutil
import signal
import socket
import ssl
import sys
from collections.abc import Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

IDLE_SECONDS = 60.0
_CHUNK = 1 << 20


def locate(root: Path, target: str) -> Path | None:
    """The file that a request target names; None when it names none below the root."""
    try:
        path = unquote(urlsplit(target).path, errors="strict")
    except ValueError:
        return None
    names = [name for name in path.split("/") if name not in ("", ".")]
    if "\0" in path or ".." in names:
        return None
    file = root.joinpath(*names)
    return file if file.is_file() else None


class FileServer(ThreadingHTTPServer):
    """Serves the files below `root` on one address."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], root: Path, context: ssl.SSLContext) -> None:
        self.root = root
        self.context = context
        super().__init__(address, FileHandler)

    def finish_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        """In the connection's own thread: a client that never finishes its handshake keeps no other waiting."""
        if not isinstance(request, socket.socket):
            raise TypeError("the file server speaks TCP alone")
        request.settimeout(IDLE_SECONDS)
        try:
            with self.context.wrap_socket(request, server_side=True) as secured:
                FileHandler(secured, client_address, self)
        except OSError as error:  # also every TLS failure and time-out
            print(f"{client_address}: {error}", file=sys.stderr, flush=True)


class FileHandler(BaseHTTPRequestHandler):
    """One connection, kept open between requests."""

    protocol_version = "HTTP/1.1"
    server_version = "kubelab-mirror"
    sys_version = ""
    timeout = IDLE_SECONDS
    server: FileServer

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def _answer(self, with_body: bool) -> None:
        file = locate(self.server.root, self.path)
        if file is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        with file.open("rb") as source:
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", "application/octet-stream")
            self.send_header("Content-Length", str(file.stat().st_size))
            self.end_headers()
            if with_body:
                shutil.copyfileobj(source, self.wfile, _CHUNK)


def tls_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """TLS 1.2 or newer with this certificate; OSError when the files do not fit."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    return context


def command(python: Path, root: Path, address: str, port: int, certificate: Path, key: Path) -> list[str]:
    """The command that serves, in the foreground; the project's root must be the working directory."""
    where = ["--root", str(root), "--address", address, "--port", str(port)]
    return [str(python), "-m", "rig.mirror.serving.server", *where, "--cert", str(certificate), "--key", str(key)]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m rig.mirror.serving.server", description="the mirror's file server")
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--address", required=True, help="the one address to listen on")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--cert", type=Path, required=True)
    parser.add_argument("--key", type=Path, required=True)
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        context = tls_context(options.cert, options.key)
        server = FileServer((options.address, options.port), options.root, context)
    except OSError as error:
        sys.exit(f"file server on {options.address}:{options.port}: {error}")
    with server:
        port = server.server_address[1]
        print(f"serving {options.root} at https://{options.address}:{port}/", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
