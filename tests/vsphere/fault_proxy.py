"""A TLS proxy in front of the simulated host that breaks chosen API calls.

It reads the SOAP method's name. A rule acts on the next call, or calls, of one method: the connection is closed before
or after the host saw the call, a 503 or a SOAP fault is answered, the request is rewritten, or a function is called.
"""

import re
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum, auto
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer

from tests.vsphere import messages
from tests.vsphere.messages import Message, Upstream

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
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="fault-proxy", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while not self._stopped.is_set():
            self._server.handle_request()

    def stop(self) -> None:
        """Closes the proxy."""
        self._stopped.set()
        self._server.socket.shutdown(socket.SHUT_RDWR)  # who waits for a connection gets none
        self._thread.join()
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


class _Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that leaves is what many tests are about."""


def _handler(proxy: FaultProxy, upstream_port: int, context: ssl.SSLContext) -> type[StreamRequestHandler]:
    class Handler(StreamRequestHandler):
        disable_nagle_algorithm = True

        def handle(self) -> None:
            upstream = Upstream(upstream_port, context, UPSTREAM_SECONDS)
            try:
                while (asked := messages.request(self.rfile)) is not None:
                    answer = self._answer(asked, upstream)
                    if answer is None:
                        return
                    self.request.sendall(answer.to_bytes())
                    if asked.is_last:
                        return
            finally:
                upstream.close()

        def _answer(self, asked: Message, upstream: Upstream) -> Message | None:
            """None closes the connection in place of an answer."""
            body = asked.body
            found = _METHOD.search(body)
            method = found[1].decode() if found else _plain(asked.start)
            rule = proxy.take(method)
            action = rule.action if rule else None
            if action is Action.DROP_BEFORE:
                return None
            if action is Action.UNAVAILABLE:
                return messages.answer(503, b"")
            if rule is not None and action is Action.FAULT:
                return messages.answer(500, rule.fault.encode(), "text/xml")
            if rule is not None and action is Action.REWRITE:
                body = rule.rewrite(body)
            if rule is not None and action is Action.CALL_BEFORE:
                rule.call()
            proxy.note(method)
            answer = upstream.ask(asked, body)
            if rule is None:  # a host may have taken its time, and rules have come meanwhile
                rule = proxy.take(method, Action.REWRITE_ANSWER)
                action = rule.action if rule else None
            if rule is not None and action is Action.REWRITE_ANSWER:
                answer = replace(answer, body=rule.rewrite(answer.body))
            if rule is not None and action is Action.CALL_AFTER:
                rule.call()
            return None if action is Action.DROP_AFTER else answer

    return Handler


def _plain(start: bytes) -> str:
    """How a request is called that is no call of the API: by its method and the first folder of its path."""
    method, path = start.decode("latin-1").split(" ")[:2]
    return f"{method} {path.split('/')[1]}"
