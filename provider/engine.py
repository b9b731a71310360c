"""The engine that started this process: progress is shown through it, and its end is noticed."""

import threading
from collections.abc import Callable

import grpc  # type: ignore[import-untyped, unused-ignore]
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

POLL_SECONDS = 1.0
GONE_SECONDS = 2.0  # without a connection for this long, the engine is gone
LOG_SECONDS = 5.0


class Engine:
    """A channel to the engine at "host:port"."""

    def __init__(self, address: str) -> None:
        backoff = [("grpc.initial_reconnect_backoff_ms", 200), ("grpc.max_reconnect_backoff_ms", 500)]
        self._channel = grpc.insecure_channel(address, options=backoff)
        self._stub = engine_pb2_grpc.EngineStub(self._channel)

    def show_progress(self, urn: str, message: str) -> None:
        """Shows what is being done beside the resource; it is not kept."""
        self._log(urn, message, ephemeral=True)

    def info(self, urn: str, message: str) -> None:
        """Shows a message that stays."""
        self._log(urn, message, ephemeral=False)

    def warn(self, urn: str, message: str) -> None:
        """Shows a warning that stays."""
        self._log(urn, message, ephemeral=False, severity=engine_pb2.WARNING)

    def when_gone(self, end: Callable[[], None]) -> None:
        """Calls `end`, once, when the engine is gone: killed, too, when nothing else tells.

        The parent process does not tell it: that is the language host, which survives a killed engine.
        """
        threading.Thread(target=self._watch, args=(end,), name="engine-watch", daemon=True).start()

    def _watch(self, end: Callable[[], None]) -> None:
        pause = threading.Event()
        while True:
            try:
                grpc.channel_ready_future(self._channel).result(timeout=GONE_SECONDS)
            except grpc.FutureTimeoutError:
                return end()
            pause.wait(POLL_SECONDS)

    def _log(
        self, urn: str, message: str, *, ephemeral: bool, severity: engine_pb2.LogSeverity.ValueType = engine_pb2.INFO
    ) -> None:
        request = engine_pb2.LogRequest(severity=severity, message=message, urn=urn, ephemeral=ephemeral)
        try:
            self._stub.Log(request, timeout=LOG_SECONDS)
        except grpc.RpcError:
            return  # a message is no reason to fail; an engine that is gone is noticed by the watch
