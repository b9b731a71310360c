"""The gRPC servicer: translates the engine's calls to the resource types and their errors to the engine's."""

# ruff: noqa: ARG002 - the signatures are the protocol's

import json
import re

import grpc  # type: ignore[import-untyped, unused-ignore]
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from provider import configuration, wire
from provider.answers import diff_response, init_failed, reported
from provider.connection import Connection
from provider.engine import Engine
from provider.resource import Operation, Resource, Unfinished
from provider.running import Running
from provider.vsphere.cancel import CancelToken
from provider.vsphere.errors import VsphereError
from provider.wire import Properties

NAME, VERSION = "kubelab", "0.1.0"


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """The provider. Thin: what a type does is in its own module."""

    def __init__(self, connection: Connection, engine: Engine, cancel: CancelToken) -> None:
        self._connection = connection
        self._engine = engine
        self._running = Running(cancel, connection.close)

    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=VERSION)

    def GetSchema(
        self, request: provider_pb2.GetSchemaRequest, context: grpc.ServicerContext
    ) -> provider_pb2.GetSchemaResponse:
        return provider_pb2.GetSchemaResponse(schema=json.dumps({"name": NAME, "version": VERSION}))

    @reported
    def CheckConfig(
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        """A loss is refused here: of an error of DiffConfig, an engine shows the call's own words as well."""
        olds, (news, secret) = wire.decode(request.olds)[0], wire.decode(request.news)
        refused = configuration.refusal(olds, news)
        faults = configuration.faults(news) | ({"": refused} if refused else {})
        return _check_response(news, secret | configuration.SECRET_KEYS, faults)

    @reported
    def DiffConfig(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        """Another address, user or owner never replaces machines: each carries its own mark."""
        olds, news = wire.decode(request.olds)[0], wire.decode(request.news)[0]
        warning = configuration.lost_control_planes(olds, news)
        if warning:
            self._engine.warn(request.urn, warning)
        keys = sorted(key for key in olds.keys() | news.keys() if olds.get(key) != news.get(key))
        changes = provider_pb2.DiffResponse.DIFF_SOME if keys else provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(changes=changes, diffs=keys)

    @reported
    def Configure(
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        self._connection.configure(configuration.configuration(wire.decode(request.args)[0]))
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    @reported
    def Check(self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:
        resource = _resource(request.urn)
        news, secret = wire.decode(request.news)
        return _check_response(news, secret | (resource.secret_keys & news.keys()), dict(resource.check(news)))

    @reported
    def Diff(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        resource = _resource(request.urn)
        olds, news = wire.decode(request.olds)[0], wire.decode(request.news)[0]
        changes = [change for change in resource.diff(olds, news) if change.key not in request.ignoreChanges]
        warning = resource.replacement(olds, news, changes)
        if warning:
            self._engine.warn(request.urn, warning)
        return diff_response(resource, changes)

    @reported
    def Create(self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext) -> provider_pb2.CreateResponse:
        resource, operation = _resource(request.urn), self._operation(request.urn, request.timeout)
        inputs, secret = wire.decode(request.properties)
        secret |= resource.secret_keys
        if request.preview:
            return provider_pb2.CreateResponse(
                id="", properties=wire.encode(resource.preview_create(operation, inputs), secret)
            )
        try:
            id_, outputs = self._running.run(operation.name, lambda: resource.create(operation, inputs))
        except Unfinished as unfinished:
            init_failed(context, unfinished.found, inputs, secret)
        return provider_pb2.CreateResponse(id=id_, properties=wire.encode(outputs, secret))

    @reported
    def Read(self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext) -> provider_pb2.ReadResponse:
        resource, operation = _resource(request.urn), self._operation(request.urn, request.timeout)
        inputs, secret_inputs = wire.decode(request.inputs)
        outputs, secret_outputs = wire.decode(request.properties)
        secret = secret_inputs | secret_outputs | resource.secret_keys
        found = self._running.run(operation.name, lambda: resource.read(operation, request.id, inputs, outputs))
        if found is None:
            return provider_pb2.ReadResponse(id="")
        if found.reasons:
            init_failed(context, found, found.inputs, secret)
        return provider_pb2.ReadResponse(
            id=found.id, properties=wire.encode(found.outputs, secret), inputs=wire.encode(found.inputs, secret)
        )

    @reported
    def Update(self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext) -> provider_pb2.UpdateResponse:
        resource, operation = _resource(request.urn), self._operation(request.urn, request.timeout)
        olds, secret_olds = wire.decode(request.olds)
        news, secret_news = wire.decode(request.news)
        secret = secret_olds | secret_news | resource.secret_keys
        try:
            outputs = (
                resource.preview_update(operation, olds, news)
                if request.preview
                else self._running.run(operation.name, lambda: resource.update(operation, request.id, olds, news))
            )
        except Unfinished as unfinished:
            init_failed(context, unfinished.found, news, secret)
        return provider_pb2.UpdateResponse(properties=wire.encode(outputs, secret))

    @reported
    def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:
        resource, operation = _resource(request.urn), self._operation(request.urn, request.timeout)
        olds = wire.decode(request.properties)[0]
        self._running.run(operation.name, lambda: resource.delete(operation, request.id, olds))
        return empty_pb2.Empty()

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:
        self._running.cancel()
        return empty_pb2.Empty()

    def _operation(self, urn: str, seconds: float) -> Operation:
        shown: list[str] = []

        def progress(message: str) -> None:
            if shown[-1:] != [message]:
                shown[:] = [message]
                self._engine.show_progress(urn, message)

        def info(message: str) -> None:
            self._engine.info(urn, message)

        return Operation(
            name=urn.rpartition("::")[2],
            owner=self._connection.owner,
            seconds=seconds,
            machines=lambda: self._connection.machines(progress),
            images=lambda: self._connection.images(progress, info),
            preflight=lambda: self._connection.preflight(lambda message: self._engine.warn(urn, message)),
            progress=progress,
            info=info,
        )


def _resource(urn: str) -> Resource:
    """urn:pulumi:<stack>::<project>::<parent types$>type::<name>"""
    from provider.resources import RESOURCES

    match = re.match(r"urn:pulumi:[^:]*::[^:]*::(?:.*\$)?(?P<type>.*?)::", urn)
    token = match["type"] if match else urn
    if token not in RESOURCES:
        raise VsphereError(f"resource type {token}: unknown to kubelab {VERSION}, which has: {', '.join(RESOURCES)}")
    return RESOURCES[token]


def _check_response(news: Properties, secret: frozenset[str], faults: dict[str, str]) -> provider_pb2.CheckResponse:
    return provider_pb2.CheckResponse(
        inputs=wire.encode(news, secret & news.keys()),
        failures=[provider_pb2.CheckFailure(property=key, reason=reason) for key, reason in faults.items()],
    )
