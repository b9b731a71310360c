"""Session: one login to one host, shared by all threads of the process, and the two ways to call the API through it."""

import http.client
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar
from xml.parsers.expat import ExpatError

from provider.vsphere.api import certificates, handshake, keepalive, tls
from provider.vsphere.api.faults import translate, translate_login
from provider.vsphere.api.sdk import SoapStubAdapter, negotiated_version, service_instance, vim, vmodl
from provider.vsphere.api.waiting import Waiter
from provider.vsphere.cancel import CancelToken
from provider.vsphere.endpoint import Endpoint
from provider.vsphere.errors import CancelledError, OutcomeUnknownError, RefusedError, UnreachableError, VsphereError
from provider.vsphere.limit import Limit
from provider.vsphere.recent import Recent

T = TypeVar("T")
HTTP_SECONDS = 60
POOLED_CONNECTION_SECONDS = 20  # shorter than servers keep idle connections, so that a change never meets a closed one
READ_ATTEMPTS = 5
TASK_SECONDS = 1800.0  # for one task of the host's, at most
Accept = Callable[[str, Any], None]  # (what is being done, AboutInfo of the server)
BROKEN = (OSError, http.client.HTTPException, ExpatError)  # the last: an answer of which a part is missing
NEVER_SENT = (ConnectionRefusedError, socket.gaierror, ssl.SSLCertVerificationError)


class Session:
    """Logs in at the first call and again when the host forgot the session. `close` logs out.

    `accept` is asked before the password is sent: it raises RefusedError if the server is of another kind.
    """

    def __init__(
        self, endpoint: Endpoint, cancel: CancelToken, accept: Accept, idle_seconds: float = keepalive.SECONDS
    ) -> None:
        self.endpoint = endpoint
        self.cancel = cancel
        self._accept = accept
        self.followed_tasks: set[str] = set()
        self._lock = threading.RLock()
        self._generation = 0
        self._content: Any = None
        self._context: ssl.SSLContext | None = None
        self._refused: RefusedError | None = None
        self.waiter = Waiter(self)
        self._idle_seconds = idle_seconds
        self._keeper: keepalive.KeepAlive | None = None
        self.task_seconds = TASK_SECONDS
        self.operations = Limit(endpoint.operations)
        self.recent = Recent()
        self.evidence: Callable[[], str] = str  # what the place has to say of itself when a wait ends, "" for nothing

    @property
    def name(self) -> str:
        """server:port, for messages."""
        return f"{self.endpoint.server}:{self.endpoint.port}"

    @property
    def content(self) -> Any:
        """The logged-in ServiceContent. Raises UnreachableError or RefusedError."""
        with self._lock:
            if self._content is None:
                self._content = self._connect()
                self._keeper = keepalive.KeepAlive(self._stay, self._idle_seconds)
                self._keeper.start()
            return self._content

    @property
    def ssl_context(self) -> ssl.SSLContext:
        """The verifying context, for transfers beside the API."""
        with self._lock:
            if self._context is None:
                end = self.endpoint
                self._context = tls.context(end.server, end.port, end.ca_pem, end.sha256, insecure=end.insecure)
            return self._context

    def read(self, doing: str, call: Callable[..., T], *args: Any) -> T:
        """Calls a method that changes nothing; a broken connection, a 503, a lost session are tried again, bounded."""
        failure: Exception | None = None
        for attempt in range(READ_ATTEMPTS):
            if attempt:
                self.cancel.sleep(0.2 * 2**attempt, doing)
            generation = self._generation
            try:
                return call(*args)
            except vim.fault.NotAuthenticated as fault:
                if self._content is None:
                    raise CancelledError(f"{doing}: logged out of {self.name}") from None
                failure = fault
                self.login_again(generation)
            except BROKEN as error:
                failure = error
                if isinstance(error, ssl.SSLCertVerificationError) or handshake.disagreement(error):
                    break
            except (vmodl.MethodFault, KeyError) as fault:
                raise translate(doing, fault) from None
        assert failure is not None
        raise self._unreachable(doing, failure) from None

    def change(self, doing: str, call: Callable[..., T], *args: Any) -> T:
        """Calls a method that changes something; it is sent again only where the host said that it did not look at it.

        Raises OutcomeUnknownError when the connection broke after the call may have been sent: the caller must look.
        """
        for _ in range(2):
            self.cancel.check(doing)
            generation = self._generation
            try:
                return call(*args)
            except vim.fault.NotAuthenticated:
                self.login_again(generation)  # the call was refused unread: sending it again cannot do it twice
            except NEVER_SENT as error:
                raise self._unreachable(doing, error) from None
            except BROKEN as error:
                raise OutcomeUnknownError(f"{doing}: the connection to {self.name} broke ({error})") from None
            except (vmodl.MethodFault, KeyError) as fault:
                raise translate(doing, fault) from None
        raise RefusedError(f"{doing}: {self.name} forgets the session at once; check the host's session limits")

    def login_again(self, generation: int) -> None:
        """Logs in anew, unless another thread did so since `generation` was read."""
        with self._lock:
            if generation == self._generation and self._content is not None:
                with suppress(*BROKEN, vmodl.MethodFault, KeyError):
                    self._content.sessionManager.Logout()  # a session that is there after all takes no login
                self._login(self._content)

    @property
    def generation(self) -> int:
        """Changes with every login; objects that belong to a login (property collectors) end with it."""
        return self._generation

    def close(self) -> None:
        """Logs out. Nothing can be done about a failure: the host ends idle sessions by itself."""
        with self._lock:
            content, self._content = self._content, None
            if self._keeper is not None:
                self._keeper.stop()
        self.waiter.forget()
        if content is not None:
            try:
                content.sessionManager.Logout()
            except (*BROKEN, vmodl.MethodFault, KeyError):
                pass
            finally:
                _drop_connections(content)

    def _stay(self) -> None:
        with self._lock:
            content = self._content
        if content is not None:
            self.read(f"keeping the session of {self.name}", service_instance(content).CurrentTime)

    def _connect(self) -> Any:
        if self._refused is not None:
            raise self._refused
        end = self.endpoint
        doing = f"connecting to {self.name}"
        try:
            version = self.read(doing, negotiated_version, end.server, end.port, self.ssl_context)
            stub = SoapStubAdapter(
                host=end.server,
                port=end.port,
                path="/sdk",
                version=version,
                poolSize=16,
                sslContext=self.ssl_context,
                httpConnectionTimeout=HTTP_SECONDS,
                connectionPoolTimeout=POOLED_CONNECTION_SECONDS,
            )
            instance = vim.ServiceInstance("ServiceInstance", stub)
            content = self.read(doing, instance.RetrieveContent)
            self._accept(doing, content.about)
            self._login(content)
        except RefusedError as refused:
            self._refused = refused
            raise
        return content

    def _login(self, content: Any) -> None:
        doing = f"logging in to {self.name} as {self.endpoint.user}"
        if self._refused is not None:
            raise self._refused
        try:
            content.sessionManager.Login(self.endpoint.user, self.endpoint.password)
        except vmodl.MethodFault as fault:
            error = translate_login(doing, fault)
            if isinstance(error, RefusedError):
                self._refused = error
            raise error from None
        except BROKEN as error:
            raise self._unreachable(doing, error) from None
        self._generation += 1

    @property
    def certificate(self) -> bytes:
        """The server's certificate (DER), trusted or not. Raises UnreachableError."""
        return certificates.read(self.endpoint.server, self.endpoint.port)

    def _dates(self) -> str:
        """What a certificate's dates have to do with it."""
        try:
            said = certificates.outside_its_dates(self.certificate)
        except VsphereError:
            return ""
        return f"; {said}" if said else ""

    def _unreachable(self, doing: str, error: Exception) -> VsphereError:
        if isinstance(error, ssl.SSLCertVerificationError):
            return RefusedError(
                f"{doing}: the certificate of {self.name} is not trusted ({error.verify_message}){self._dates()}; "
                "correct tls.caFile or tls.sha256 in the site file"
            )
        if said := handshake.disagreement(error):
            return RefusedError(f"{doing}: {self.name} {said}")
        if isinstance(error, vim.fault.NotAuthenticated):
            return RefusedError(f"{doing}: {self.name} forgets the session at once; check the host's session limits")
        return UnreachableError(
            f"{doing}: {self.name} does not answer ({error}); check that the host is up and reachable"
        )


def _drop_connections(content: Any) -> None:
    """Those of a login that ended, and those that calls under way give back; pyvmomi keeps them for who asks next."""
    stub = content.sessionManager._stub
    stub.poolSize = 0
    stub.DropConnections()
