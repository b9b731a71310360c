"""The provider plugin's process and its protocol, used in the way the engine uses them."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped, unused-ignore]
from google.protobuf.struct_pb2 import Struct
from google.rpc import status_pb2  # type: ignore[import-untyped, unused-ignore]
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from provider import wire
from tests.readable import is_readable

PROJECT = Path(__file__).resolve().parents[3]
CALL_SECONDS = 120
START_SECONDS = 60
ENTRY, ANSWERING_GUESTS = PROJECT / "provider", PROJECT / "tests/plugin/provider/answering_guests.py"
KEY_PAIR, IMAGE, MACHINE = "SshKeyPair", "Image", "VirtualMachine"


class RefusedError(Exception):
    """A call that the plugin refused; the text is what the engine shows."""


class UnfinishedError(RefusedError):
    """A resource that was made but not finished, as the engine gets it."""

    def __init__(self, message: str, detail: provider_pb2.ErrorResourceInitFailed) -> None:
        super().__init__(message)
        self.id = detail.id
        self.state = detail.properties
        self.inputs = detail.inputs
        self.reasons = list(detail.reasons)


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource as the engine keeps it."""

    kind: str
    name: str
    id: str
    inputs: Struct
    state: Struct = field(repr=False)

    @property
    def outputs(self) -> dict[str, Any]:
        """The plain outputs."""
        return wire.decode(self.state)[0]


def urn(kind: str, name: str) -> str:
    return f"urn:pulumi:test::kubelab::kubelab:lab:Lab$kubelab:machine:Machine$kubelab:index:{kind}::{name}"


def wrapped(properties: Mapping[str, Any], *secret: str) -> Struct:
    return wire.encode(properties, frozenset(secret))


class Plugin:
    """A running plugin; `log` is what it wrote to stderr. Stop it with `stop`.

    Its guests have ssh servers that answer; with `entry` ENTRY it is the plugin alone, and no guest answers.
    """

    def __init__(
        self, engine_address: str, directory: Path, *flags: str, entry: Path = ANSWERING_GUESTS, **environment: str
    ) -> None:
        self._stderr = directory / "plugin.log"
        with self._stderr.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(entry), *flags, engine_address],
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=directory,
                env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | environment,
            )
        assert self.process.stdout is not None
        ready = is_readable(self.process.stdout, START_SECONDS)
        line = self.process.stdout.readline() if ready else b""
        assert line.strip().isdigit(), f"no port on the first line, but {line!r}; {self.log}"
        self._channel = grpc.insecure_channel(f"127.0.0.1:{int(line)}")
        self.stub = provider_pb2_grpc.ResourceProviderStub(self._channel)

    @property
    def log(self) -> str:
        return self._stderr.read_text()

    def stop(self) -> None:
        self._channel.close()
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(timeout=30)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def call(self, method: str, request: Any) -> Any:
        """One request. Raises RefusedError, UnfinishedError."""
        try:
            return getattr(self.stub, method)(request, timeout=CALL_SECONDS)
        except grpc.RpcError as error:
            raise _as_the_engine_sees_it(error) from None

    def configure(self, properties: Mapping[str, Any]) -> None:
        checked = self.call("CheckConfig", provider_pb2.CheckRequest(news=wrapped(properties, "password")))
        assert not checked.failures, checked.failures
        request = provider_pb2.ConfigureRequest(args=checked.inputs, acceptSecrets=True, acceptResources=True)
        answer = self.call("Configure", request)
        assert answer.acceptSecrets
        assert answer.supportsPreview

    def check(self, kind: str, inputs: Struct) -> tuple[Struct, dict[str, str]]:
        answer = self.call("Check", provider_pb2.CheckRequest(urn=urn(kind, "x"), news=inputs))
        return answer.inputs, {failure.property: failure.reason for failure in answer.failures}

    def create(self, kind: str, name: str, inputs: Struct, *, preview: bool = False, seconds: float = 0) -> Resource:
        checked, failures = self.check(kind, inputs)
        assert not failures, failures
        request = provider_pb2.CreateRequest(
            urn=urn(kind, name), name=name, properties=checked, preview=preview, timeout=seconds
        )
        answer = self.call("Create", request)
        return Resource(kind, name, answer.id, checked, answer.properties)

    def diff(self, old: Resource, news: Struct) -> provider_pb2.DiffResponse:
        request = provider_pb2.DiffRequest(
            id=old.id, urn=urn(old.kind, old.name), olds=old.state, old_inputs=old.inputs, news=news
        )
        answer: provider_pb2.DiffResponse = self.call("Diff", request)
        return answer

    def update(self, old: Resource, news: Struct, *, preview: bool = False, seconds: float = 0) -> Resource:
        request = provider_pb2.UpdateRequest(
            id=old.id,
            urn=urn(old.kind, old.name),
            olds=old.state,
            old_inputs=old.inputs,
            news=news,
            preview=preview,
            timeout=seconds,
        )
        answer = self.call("Update", request)
        return Resource(old.kind, old.name, old.id, news, answer.properties)

    def refresh(self, old: Resource) -> Resource | None:
        request = provider_pb2.ReadRequest(
            id=old.id, urn=urn(old.kind, old.name), name=old.name, properties=old.state, inputs=old.inputs
        )
        answer = self.call("Read", request)
        return Resource(old.kind, old.name, answer.id, answer.inputs, answer.properties) if answer.id else None

    def delete(self, old: Resource) -> None:
        request = provider_pb2.DeleteRequest(id=old.id, urn=urn(old.kind, old.name), properties=old.state)
        self.call("Delete", request)


def _as_the_engine_sees_it(error: Any) -> RefusedError:
    message = str(error.details())
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            for packed in status_pb2.Status.FromString(value).details:
                detail = provider_pb2.ErrorResourceInitFailed()
                if packed.Unpack(detail):
                    return UnfinishedError(message, detail)
    return RefusedError(message)
