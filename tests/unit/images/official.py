"""A server of official images on this machine: TLS by an authority of its own, files signed by keys of its own."""

import hashlib
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import trustme


@dataclass(slots=True)
class Answers:
    """What the server answers: contents by path; how often an answer is broken off halfway; where it leads to."""

    files: dict[str, bytes] = field(default_factory=dict)
    broken: dict[str, int] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str | None]] = field(default_factory=list)


@contextmanager
def serving(answers: Answers, folder: Path) -> Iterator[str]:
    """The server's address; the file `authority.pem` in `folder` has the authority."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "authority.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answers.asked.append((self.path, self.headers["Range"]))
            content = answers.files.get(self.path)
            if self.path in answers.redirects:
                self.send_response(302)
                self.send_header("Location", answers.redirects[self.path])
                self.end_headers()
                return
            if content is None:
                self.send_error(404)
                return
            start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-")) if self.headers["Range"] else 0
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            end = len(content)
            if answers.broken.get(self.path, 0):
                answers.broken[self.path] -= 1
                end = start + (end - start) // 2
            self.wfile.write(content[start:end])

        def log_message(self, format: str, *args: object) -> None:
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"https://localhost:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass(frozen=True, slots=True)
class Signer:
    """A key of GnuPG in a home of its own."""

    home: Path
    fingerprint: str

    def public_key(self) -> bytes:
        return _gpg(self.home, "--armor", "--export", self.fingerprint)

    def signature(self, signed: Path) -> bytes:
        return _gpg(self.home, "--armor", "--detach-sign", "--output", "-", str(signed))


def new_signer(home: Path) -> Signer:
    """A fresh key."""
    home.mkdir(mode=0o700)
    _gpg(
        home, "--passphrase", "", "--quick-generate-key", f"{home.name} <signer@host.test>", "ed25519", "sign", "never"
    )
    listed = _gpg(home, "--with-colons", "--list-keys").decode()
    (fingerprint,) = (line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr:"))
    return Signer(home, fingerprint)


def sums_of(files: dict[str, bytes]) -> bytes:
    """A text like SHA256SUMS."""
    return "".join(f"{hashlib.sha256(data).hexdigest()} *{name}\n" for name, data in files.items()).encode()


def _gpg(home: Path, *arguments: str) -> bytes:
    argv = ["gpg", "--homedir", str(home), "--batch", "--quiet", "--pinentry-mode", "loopback", *arguments]
    return subprocess.run(argv, check=True, capture_output=True, timeout=60).stdout
