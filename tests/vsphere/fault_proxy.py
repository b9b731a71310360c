"""A TLS proxy in front of the simulated host that breaks chosen API calls.

It reads the SOAP method's name. A rule acts on the next call, or calls, of one method: the connection is closed before
or after the host saw the call, a 503 or a SOAP fault is answered, the request is rewritten, or a function is called.
"""

import http.client
import re
import ssl
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_METHOD = re.compile(rb"<soapenv:Body>\s*<(\w+)")
UPSTREAM_SECONDS = 60
_FAULT = """<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"
 xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<soapenv:Body><soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>{text}</faultstring>
<detail><{kind}Fault xmlns="urn:vim25" xsi:type="{kind}">{inner}</{kind}Fault></detail></soapenv:Fault></soapenv:Body>
</soapenv:Envelope>"""


class Action(Enum):
    """What a rule does to a call."""

    DROP_BEFORE = auto()
    DROP_AFTER = auto()
    UNAVAILABLE = auto()
    FAULT = auto()
    REWRITE = auto()
    REWRITE_ANSWER = auto()
    CALL_BEFORE = auto()
    CALL_AFTER = auto()


@dataclass
class Rule:
    """One thing to break; `times` counts down."""

    method: str
    action: Action
    times: int = 1
    fault: str = ""
    rewrite: Callable[[bytes], bytes] = bytes
    call: Callable[[], object] = bool


class FaultProxy:
    """Listens on 127.0.0.1 at `port`; `seen` counts the calls that the host got, by method."""

    def __init__(self, upstream_port: int, certificate: Path, key: Path, upstream: ssl.SSLContext) -> None:
        self.seen: Counter[str] = Counter()
        self._rules: list[Rule] = []
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _handler(self, upstream_port, upstream))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.port: int = self._server.server_address[1]
        serve = self._server.serve_forever
        self._thread = threading.Thread(target=serve, args=(0.02,), name="fault-proxy", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Closes the proxy."""
        self._server.shutdown()
        self._server.server_close()

    def add(self, rule: Rule) -> None:
        """Adds a rule."""
        with self._lock:
            self._rules.append(rule)

    def when(self, method: str, call: Callable[[], object]) -> None:
        """Calls a function once, after the host answered the next call of `method`."""
        self.add(Rule(method, Action.CALL_AFTER, call=call))

    def fault(self, method: str, kind: str, inner: str = "", times: int = 1, text: str = "") -> None:
        """Answers the next calls of `method` with a SOAP fault of vim25 type `kind`, fields in `inner` as XML."""
        self.add(Rule(method, Action.FAULT, times, fault=_FAULT.format(kind=kind, inner=inner, text=text or kind)))

    def left(self, method: str) -> int:
        """How often the rules of `method` would still act."""
        with self._lock:
            return sum(rule.times for rule in self._rules if rule.method == method)

    def forget(self) -> None:
        """Breaks nothing any more."""
        with self._lock:
            self._rules.clear()

    def take(self, method: str, *actions: Action) -> Rule | None:
        """The rule for this call, of these actions if any are given, and counts it down."""
        with self._lock:
            rules = (rule for rule in self._rules if rule.method == method and rule.times > 0)
            rule = next((rule for rule in rules if not actions or rule.action in actions), None)
            if rule is not None:
                rule.times -= 1
            return rule

    def note(self, method: str) -> None:
        """Counts a call that goes to the host."""
        with self._lock:
            self.seen[method] += 1


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that leaves is what many tests are about."""


def _handler(proxy: FaultProxy, upstream_port: int, context: ssl.SSLContext) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1
        disable_nagle_algorithm = True

        def setup(self) -> None:
            super().setup()
            self._upstream = http.client.HTTPSConnection(
                "127.0.0.1", upstream_port, timeout=UPSTREAM_SECONDS, context=context
            )

        def handle_one_call(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            found = _METHOD.search(body)
            method = found[1].decode() if found else f"{self.command} {self.path.split('/')[1]}"
            rule = proxy.take(method)
            action = rule.action if rule else None
            if action is Action.DROP_BEFORE:
                self.close_connection = True
                return
            if action is Action.UNAVAILABLE:
                self._answer(503, b"")
                return
            if rule is not None and action is Action.FAULT:
                self._answer(500, rule.fault.encode(), {"Content-Type": "text/xml"})
                return
            if rule is not None and action is Action.REWRITE:
                body = rule.rewrite(body)
            if rule is not None and action is Action.CALL_BEFORE:
                rule.call()
            proxy.note(method)
            status, headers, answer = self._ask(body)
            if rule is None:  # a host may have taken its time, and rules have come meanwhile
                rule = proxy.take(method, Action.REWRITE_ANSWER)
                action = rule.action if rule else None
            if rule is not None and action is Action.REWRITE_ANSWER:
                answer = rule.rewrite(answer)
            if rule is not None and action is Action.CALL_AFTER:
                rule.call()
            if action is Action.DROP_AFTER:
                self.close_connection = True
                return
            self._answer(status, answer, headers)

        def do_GET(self) -> None:
            self.handle_one_call()

        def do_PUT(self) -> None:
            self.handle_one_call()

        def do_POST(self) -> None:
            self.handle_one_call()

        def finish(self) -> None:
            super().finish()
            self._upstream.close()

        def _ask(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
            dropped = ("host", "content-length", "accept-encoding", "connection")
            kept = {name: value for name, value in self.headers.items() if name.lower() not in dropped}
            self._upstream.request(self.command, self.path, body, kept)
            response = self._upstream.getresponse()
            headers = {
                name: response.headers[name] for name in ("Content-Type", "Set-Cookie") if name in response.headers
            }
            return response.status, headers, response.read()

        def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: tests tell by `seen`."""

    return Handler
