"""The plugin's process: serves the engine, ends with it, and logs out of its hosts at its end."""

import os
import signal
import sys
import threading
from collections.abc import Sequence
from concurrent import futures
from importlib import import_module
from typing import TYPE_CHECKING

import grpc  # type: ignore[import-untyped, unused-ignore]
from pulumi.runtime.proto import provider_pb2_grpc

from provider.engine import Engine
from provider.servicer import Provider
from provider.targets.targets import Targets
from provider.vsphere.cancel import CancelToken

if TYPE_CHECKING:
    from provider.vsphere.model import AskSsh

ENDING = {signal.SIGTERM, signal.SIGINT}
WORKERS = 64  # more than the engine's parallelism, so that a Check never waits for a Create
LOGOUT_SECONDS = 2.0
MESSAGE_BYTES = 400 * 1024 * 1024  # the engine's own limit


def main(arguments: Sequence[str], ask_ssh: "AskSsh | None" = None) -> None:
    """Serves until a signal, or until the engine at the address in `arguments` is gone. Does not return.

    `ask_ssh` is how a guest is asked for its host key, by its ssh server if not told otherwise.
    """
    address = engine_address(arguments)
    if address is None:
        sys.exit("usage: python provider <engine address>; this is a Pulumi plugin, started by the engine")
    # Blocked before there is another thread, and waited for below. A handler in Python would not do: it runs when this
    # thread next does, which is never if the signal comes just as it begins to wait.
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    cancel = CancelToken()
    engine = Engine(address)
    targets = Targets(cancel, ask_ssh, lambda message: engine.warn("", message))
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=WORKERS),
        options=[("grpc.max_receive_message_length", MESSAGE_BYTES), ("grpc.max_send_message_length", MESSAGE_BYTES)],
    )
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Provider(targets, engine, cancel), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    # By now the engine goes on; it asks for the provider itself first, and for resources a little later.
    threading.Thread(target=import_module, args=("provider.resources",), name="load", daemon=True).start()
    engine.when_gone(lambda: os.kill(os.getpid(), signal.SIGTERM))
    signal.sigwait(ENDING)
    cancel.cancel(abandoned=True)
    _log_out(targets)
    # Calls in progress are not waited for: they can change nothing any more, and the engine that asked is gone.
    os._exit(0)


def engine_address(arguments: Sequence[str]) -> str | None:
    """ "host:port" among a plugin's arguments, None if it is not there.

    The engine gives it last. What it gives before (`-logtostderr -v=3 -tracing <URL>`) is the logging of plugins in Go.
    """
    last = arguments[-1] if arguments else ""
    host, _, port = last.rpartition(":")
    return last if host and port.isdigit() and not last.startswith("-") and "/" not in last else None


def _log_out(targets: Targets) -> None:
    closing = threading.Thread(target=targets.close, name="log-out", daemon=True)
    closing.start()
    closing.join(LOGOUT_SECONDS)
