"""The engine's side of the protocol: it takes what the plugin logs."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import grpc  # type: ignore[import-untyped, unused-ignore]
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc


@dataclass(frozen=True, slots=True)
class LogLine:
    severity: str  # DEBUG, INFO, WARNING or ERROR
    urn: str
    message: str
    ephemeral: bool


class FakeEngine(engine_pb2_grpc.EngineServicer):
    """A gRPC service on loopback at `.address`, which keeps all log lines."""

    def __init__(self) -> None:
        self._lines: list[LogLine] = []
        self._arrived = threading.Condition()
        self._server = grpc.server(ThreadPoolExecutor(max_workers=8))
        engine_pb2_grpc.add_EngineServicer_to_server(self, self._server)
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def Log(self, request: engine_pb2.LogRequest, context: Any) -> Empty:  # noqa: ARG002
        severity = engine_pb2.LogSeverity.Name(request.severity)
        with self._arrived:
            self._lines.append(LogLine(severity, request.urn, request.message, request.ephemeral))
            self._arrived.notify_all()
        return Empty()

    @property
    def lines(self) -> list[LogLine]:
        with self._arrived:
            return list(self._lines)

    @property
    def messages(self) -> list[str]:
        return [line.message for line in self.lines]

    def wait_for(self, part: str, limit: float = 30) -> None:
        """Once a message holds the part; fails with all messages after `limit` seconds."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: any(part in line.message for line in self._lines), limit):
                raise TimeoutError(f"no log line with {part!r} within {limit} s, got {self._lines}")

    def stop(self) -> None:
        self._server.stop(None).wait()


def main() -> None:
    """An engine as a process of its own: prints its address, and serves until a line on stdin."""
    engine = FakeEngine()
    print(engine.address, flush=True)
    sys.stdin.readline()
    engine.stop()
    print("stopped", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
