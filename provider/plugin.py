"""The plugin's process: serves the engine, ends with it, and logs out of the host at its end."""

import os
import signal
import sys
import threading
from collections.abc import Sequence
from concurrent import futures
from types import FrameType

import grpc  # type: ignore[import-untyped, unused-ignore]
from pulumi.runtime.proto import provider_pb2_grpc

from provider.connection import Connection
from provider.engine import Engine
from provider.servicer import Provider
from provider.vsphere.cancel import CancelToken

WORKERS = 64  # more than the engine's parallelism, so that a Check never waits for a Create
LOGOUT_SECONDS = 2.0
MESSAGE_BYTES = 400 * 1024 * 1024  # the engine's own limit


def main(arguments: Sequence[str]) -> None:
    """Serves until a signal, or until the engine at the address in `arguments` is gone. Does not return."""
    if len(arguments) != 1:
        sys.exit("usage: python provider <engine address>; this is a Pulumi plugin, started by the engine")
    cancel = CancelToken()
    connection = Connection(cancel)
    engine = Engine(arguments[0])
    ended = threading.Event()

    def end() -> None:
        cancel.cancel(abandoned=True)
        ended.set()

    def on_signal(_signal: int, _frame: FrameType | None) -> None:
        end()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=WORKERS),
        options=[("grpc.max_receive_message_length", MESSAGE_BYTES), ("grpc.max_send_message_length", MESSAGE_BYTES)],
    )
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Provider(connection, engine, cancel), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    engine.when_gone(end)
    ended.wait()
    _log_out(connection)
    # Calls in progress are not waited for: they can change nothing any more, and the engine that asked is gone.
    os._exit(0)


def _log_out(connection: Connection) -> None:
    closing = threading.Thread(target=connection.close, name="log-out", daemon=True)
    closing.start()
    closing.join(LOGOUT_SECONDS)
