"""HTTP messages as a proxy passes them on: of their heads no more is understood than where a body ends."""

import socket
import ssl
from dataclasses import dataclass
from http import HTTPStatus
from io import BufferedIOBase

_WITHOUT_BODY = (b"204", b"304")


@dataclass(frozen=True, slots=True)
class Message:
    """A request or an answer: its first line, its header lines and its body, from which chunks are taken away."""

    start: bytes
    headers: tuple[bytes, ...]
    body: bytes

    @property
    def is_last(self) -> bool:
        """True if whoever sent it says that nothing follows on this connection."""
        return _value(self.headers, b"connection").lower() == b"close"

    def to_bytes(self) -> bytes:
        """What is sent, with the length of the body that it has now."""
        length = b"Content-Length: %d\r\n" % len(self.body)
        return b"".join((self.start, *self.headers, length, b"\r\n", self.body))


def request(stream: BufferedIOBase) -> Message | None:
    """The next request, None at the end of the connection. What is said of the connection itself is kept."""
    head = _head(stream)
    if head is None:
        return None
    return Message(*head, stream.read(int(_value(head[1], b"content-length") or 0)))


def answer(status: int, body: bytes, content_type: str = "") -> Message:
    """An answer that no host gave."""
    headers = (f"Content-Type: {content_type}\r\n".encode(),) if content_type else ()
    return Message(f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode(), headers, body)


class Upstream:
    """One connection to the server behind the proxy, opened when the first request goes there."""

    def __init__(self, port: int, context: ssl.SSLContext, seconds: float) -> None:
        self._port, self._context, self._seconds = port, context, seconds
        self._connection: ssl.SSLSocket | None = None
        self._stream: BufferedIOBase | None = None

    def ask(self, asked: Message, body: bytes) -> Message:
        """Passes a request on with this body; the answer with no other headers than those that clients look at."""
        stream = self._stream or self._opened()
        assert self._connection is not None
        kept = _without(asked.headers, b"content-length", b"accept-encoding", b"connection")
        self._connection.sendall(Message(asked.start, kept, body).to_bytes())
        head = _head(stream)
        if head is None:
            raise ConnectionResetError("the server behind the proxy closed the connection")
        start, headers = head
        given = tuple(line for line in headers if _name(line) in (b"content-type", b"set-cookie"))
        found = Message(start, given, _body(stream, start, headers))
        if Message(start, headers, b"").is_last:
            self.close()
        return found

    def close(self) -> None:
        """Closes the connection; another request opens one anew."""
        if self._connection is not None and self._stream is not None:
            self._stream.close()
            self._connection.close()
        self._connection = self._stream = None

    def _opened(self) -> BufferedIOBase:
        plain = socket.create_connection(("127.0.0.1", self._port), self._seconds)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection = self._context.wrap_socket(plain, server_hostname="127.0.0.1")
        self._stream = self._connection.makefile("rb")
        return self._stream


def _head(stream: BufferedIOBase) -> tuple[bytes, tuple[bytes, ...]] | None:
    start = stream.readline()
    if not start:
        return None
    headers = []
    while (line := stream.readline()) not in (b"\r\n", b""):
        headers.append(line)
    return start, tuple(headers)


def _body(stream: BufferedIOBase, start: bytes, headers: tuple[bytes, ...]) -> bytes:
    if start.split(b" ")[1] in _WITHOUT_BODY:
        return b""
    if _value(headers, b"transfer-encoding").lower() == b"chunked":
        return b"".join(_chunks(stream))
    length = _value(headers, b"content-length")
    return stream.read(int(length)) if length else stream.read()


def _chunks(stream: BufferedIOBase) -> list[bytes]:
    found = []
    while size := int(stream.readline().partition(b";")[0], 16):
        found.append(stream.read(size))
        stream.readline()
    while stream.readline() not in (b"\r\n", b""):
        pass
    return found


def _name(line: bytes) -> bytes:
    return line.partition(b":")[0].lower()


def _value(headers: tuple[bytes, ...], name: bytes) -> bytes:
    return next((line.partition(b":")[2].strip() for line in headers if _name(line) == name), b"")


def _without(headers: tuple[bytes, ...], *names: bytes) -> tuple[bytes, ...]:
    return tuple(line for line in headers if _name(line) not in names)
