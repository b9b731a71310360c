"""A command plugin's process and its protocol, used in the way the engine uses them."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped, unused-ignore]
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from tests.plugin.command.wire import Properties, from_struct, to_struct
from tests.readable import is_readable

REMOTE = "command:remote:Command"
# What the Python SDK asks of the engine for this resource.
SDK_REPLACES_ON = "triggers["
CALL_LIMIT = 90


def urn_of(token: str, name: str = "step") -> str:
    return f"urn:pulumi:test::kubelab::{token}::{name}"


class CommandFailedError(Exception):
    """A request that the plugin refused; its text is what the engine would show."""


@dataclass(frozen=True, slots=True)
class Checked:
    inputs: dict[str, Any]
    failures: dict[str, str]  # property -> reason


@dataclass(frozen=True, slots=True)
class Change:
    """What a diff leads to: nothing, an update, or a replacement."""

    any: bool
    replace: bool  # what the engine does, which also heeds the Python SDK's replace_on_changes
    replace_by_plugin: bool  # what the plugin itself asks for
    paths: frozenset[str]


@dataclass(frozen=True, slots=True)
class Resource:
    token: str
    id: str
    inputs: dict[str, Any]
    state: dict[str, Any]


def _identity(resource: Resource) -> dict[str, Any]:
    """What a request says of the resource that it is about."""
    return {"id": resource.id, "urn": urn_of(resource.token), "name": "step", "type": resource.token}


def _change(old: Resource, checked: Properties) -> dict[str, Any]:
    """What a request says of a resource and of its new inputs, which the plugin has checked."""
    olds = {"olds": to_struct(old.state), "old_inputs": to_struct(old.inputs)}
    return {**_identity(old), **olds, "news": to_struct(checked)}


class Plugin:
    """A running plugin; every request goes over gRPC. Stop it with `stop`."""

    def __init__(self, binary: Path, engine_address: str, cwd: Path, environ: Mapping[str, str] | None = None) -> None:
        environment = {name: value for name, value in os.environ.items() if name != "SSH_AUTH_SOCK"}
        self.process = subprocess.Popen(
            [str(binary), engine_address],
            stdout=subprocess.PIPE,
            cwd=cwd,
            env=environment | dict(environ or {}),
        )
        self._channel = grpc.insecure_channel(f"127.0.0.1:{read_port(self.process)}")
        self._provider = provider_pb2_grpc.ResourceProviderStub(self._channel)
        self.call("Configure", provider_pb2.ConfigureRequest(acceptSecrets=True, acceptResources=True))

    def call(self, method: str, request: Any) -> Any:
        """One request of the provider protocol, such as `Create`."""
        try:
            return getattr(self._provider, method)(request, timeout=CALL_LIMIT)
        except grpc.RpcError as error:
            raise CommandFailedError(error.details() if isinstance(error, grpc.Call) else str(error)) from error

    def version(self) -> str:
        return str(self.call("GetPluginInfo", Empty()).version)

    def schema(self) -> str:
        return str(self.call("GetSchema", provider_pb2.GetSchemaRequest()).schema)

    def check(self, token: str, inputs: Properties) -> Checked:
        request = provider_pb2.CheckRequest(
            urn=urn_of(token), name="step", type=token, news=to_struct(inputs), randomSeed=b"seed"
        )
        response = self.call("Check", request)
        failures = {failure.property: failure.reason for failure in response.failures}
        return Checked(from_struct(response.inputs), failures)

    def _accepted(self, token: str, inputs: Properties) -> dict[str, Any]:
        checked = self.check(token, inputs)
        assert not checked.failures, checked.failures
        return checked.inputs

    def create(self, token: str, inputs: Properties, *, preview: bool = False, timeout: float = 0) -> Resource:
        """Check and then Create, as the engine does. `timeout` in seconds is the user's custom timeout."""
        checked = self._accepted(token, inputs)
        request = provider_pb2.CreateRequest(
            urn=urn_of(token),
            name="step",
            type=token,
            properties=to_struct(checked),
            preview=preview,
            timeout=timeout,
        )
        response = self.call("Create", request)
        return Resource(token, response.id, checked, from_struct(response.properties))

    def update(self, old: Resource, inputs: Properties, *, preview: bool = False) -> Resource:
        checked = self._accepted(old.token, inputs)
        request = provider_pb2.UpdateRequest(**_change(old, checked), preview=preview)
        response = self.call("Update", request)
        return Resource(old.token, old.id, checked, from_struct(response.properties))

    def diff(self, old: Resource, inputs: Properties) -> Change:
        """The change as the engine would see it, with what the Python SDK asks it to replace on."""
        checked = self._accepted(old.token, inputs)
        request = provider_pb2.DiffRequest(**_change(old, checked))
        response = self.call("Diff", request)
        kinds = {path: provider_pb2.PropertyDiff.Kind.Name(diff.kind) for path, diff in response.detailedDiff.items()}
        by_plugin = bool(response.replaces) or any(kind.endswith("REPLACE") for kind in kinds.values())
        by_sdk = any(path.startswith(SDK_REPLACES_ON) for path in kinds)
        changed = response.changes == provider_pb2.DiffResponse.DIFF_SOME
        return Change(changed, by_plugin or by_sdk, by_plugin, frozenset(kinds))

    def delete(self, resource: Resource, *, timeout: float = 0) -> None:
        request = provider_pb2.DeleteRequest(
            **_identity(resource),
            properties=to_struct(resource.state),
            old_inputs=to_struct(resource.inputs),
            timeout=timeout,
        )
        self.call("Delete", request)

    def read(self, resource: Resource) -> Resource:
        """What a refresh does."""
        request = provider_pb2.ReadRequest(
            **_identity(resource),
            properties=to_struct(resource.state),
            inputs=to_struct(resource.inputs),
        )
        response = self.call("Read", request)
        return Resource(resource.token, response.id, from_struct(response.inputs), from_struct(response.properties))

    def cancel(self) -> None:
        self.call("Cancel", Empty())

    def stop(self) -> None:
        self._channel.close()
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


def read_port(process: subprocess.Popen[bytes], limit: float = 30) -> int:
    """The port that a plugin prints as its first line, within `limit` seconds."""
    assert process.stdout is not None
    ready = is_readable(process.stdout, limit)
    line = process.stdout.readline() if ready else b""
    if not line.strip().isdigit():
        process.kill()
        raise RuntimeError(f"the plugin printed {line!r} within {limit} s, expected its port")
    return int(line)
