"""The gRPC servicer: translates the engine's calls to the resource types and their errors to the engine's."""

# ruff: noqa: ARG002 - the signatures are the protocol's

import json
import re
from dataclasses import replace
from functools import partial

import grpc  # type: ignore[import-untyped, unused-ignore]
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from provider import control_planes, wire
from provider.answers import diff_response, init_failed, reported
from provider.engine import Engine
from provider.resource import Found, Operation, Resource, Unfinished
from provider.running import Running
from provider.targets import placing, settings
from provider.targets.targets import Targets
from provider.vsphere.cancel import CancelToken
from provider.vsphere.errors import VsphereError
from provider.wire import Properties

NAME, VERSION = "kubelab", "0.1.0"


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """The provider. Thin: what a type does is in its own module."""

    def __init__(self, targets: Targets, engine: Engine, cancel: CancelToken) -> None:
        self._targets = targets
        self._engine = engine
        self._cancel = cancel
        self._running = Running(cancel, targets.close)

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
        faults = settings.faults(news)
        refused = control_planes.refusal(olds, news) or (None if faults else settings.swapped(olds, news))
        if not faults:
            news |= settings.carried(olds, news)
        return _check_response(news, secret | settings.SECRET_KEYS, faults | ({"": refused} if refused else {}))

    @reported
    def DiffConfig(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        """Another address, user or owner never replaces machines: each carries its own mark.

        It is asked as well for machines of a provider that there is no more, of which nothing is replaced either.
        """
        olds, news = wire.decode(request.olds)[0], wire.decode(request.news)[0]
        warning = control_planes.lost(olds, news)
        if warning:
            self._engine.warn(request.urn, warning)
        keys = sorted(key for key in olds.keys() | news.keys() if olds.get(key) != news.get(key))
        changes = provider_pb2.DiffResponse.DIFF_SOME if keys else provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(changes=changes, diffs=keys)

    @reported
    def Configure(
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        self._targets.configure(wire.decode(request.args)[0])
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    @reported
    def Check(self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:
        resource = _resource(request.urn)
        news, secret = wire.decode(request.news)
        return _check_response(
            news, secret | (resource.secret_keys & news.keys()), dict(resource.check(placing.not_placed_yet(news)))
        )

    @reported
    def Diff(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        resource = _resource(request.urn)
        olds, news = wire.decode(request.olds)[0], wire.decode(request.news)[0]
        olds, news, moved = self._targets.compared(resource, _called(request.urn), olds, news)
        changes = [*resource.diff(olds, news), *moved]
        changes = [change for change in changes if change.key not in request.ignoreChanges]
        warning = resource.replacement(olds, news, changes)
        if warning:
            self._engine.warn(request.urn, warning)
        return diff_response(resource, changes)

    @reported
    def Create(self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext) -> provider_pb2.CreateResponse:
        resource, called = _resource(request.urn), _called(request.urn)
        declared, secret = wire.decode(request.properties)
        secret |= resource.secret_keys
        if request.preview:
            inputs = self._targets.previewed(resource, called, declared)
            operation = self._operation(request.urn, request.timeout, inputs)
            outputs = resource.preview_create(operation, inputs)
            return provider_pb2.CreateResponse(id="", properties=wire.encode(outputs, secret))

        def create() -> tuple[str, Properties]:
            warn = partial(self._engine.warn, request.urn)
            inputs = self._targets.chosen(resource, called, declared, warn)
            return resource.create(self._operation(request.urn, request.timeout, inputs), inputs)

        try:
            id_, outputs = self._running.run(called, create)
        except Unfinished as unfinished:
            init_failed(context, unfinished.found, declared, secret)
        return provider_pb2.CreateResponse(id=id_, properties=wire.encode(outputs, secret))

    @reported
    def Read(self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext) -> provider_pb2.ReadResponse:
        resource, called = _resource(request.urn), _called(request.urn)
        inputs, secret_inputs = wire.decode(request.inputs)
        outputs, secret_outputs = wire.decode(request.properties)
        secret = secret_inputs | secret_outputs | resource.secret_keys

        def read() -> Found | None:
            if not inputs and not outputs:
                return self._imported(resource, request)
            kept = self._targets.recorded(resource, called, outputs)
            return resource.read(self._operation(request.urn, request.timeout, kept), request.id, inputs, kept)

        found = self._running.run(called, read)
        if found is None:
            return provider_pb2.ReadResponse(id="")
        if found.reasons:
            init_failed(context, found, found.inputs, secret)
        return provider_pb2.ReadResponse(
            id=found.id, properties=wire.encode(found.outputs, secret), inputs=wire.encode(found.inputs, secret)
        )

    def _imported(self, resource: Resource, request: provider_pb2.ReadRequest) -> Found | None:
        """A resource that no state knows, on the first target that has it."""
        for name in self._targets.names or ("",):
            own = {"host": name} if name else {}
            found = resource.read(self._operation(request.urn, request.timeout, own), request.id, {}, {})
            if found is not None:
                return replace(found, inputs={**found.inputs, **own}, outputs={**found.outputs, **own})
        return None

    @reported
    def Update(self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext) -> provider_pb2.UpdateResponse:
        resource = _resource(request.urn)
        olds, secret_olds = wire.decode(request.olds)
        declared, secret_news = wire.decode(request.news)
        secret = secret_olds | secret_news | resource.secret_keys
        olds, news, _ = self._targets.compared(resource, _called(request.urn), olds, declared)
        operation = self._operation(request.urn, request.timeout, news)
        try:
            outputs = (
                resource.preview_update(operation, olds, news)
                if request.preview
                else self._running.run(operation.name, lambda: resource.update(operation, request.id, olds, news))
            )
        except Unfinished as unfinished:
            init_failed(context, unfinished.found, declared, secret)
        return provider_pb2.UpdateResponse(properties=wire.encode(outputs, secret))

    @reported
    def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:
        resource, called = _resource(request.urn), _called(request.urn)
        olds = self._targets.recorded(resource, called, wire.decode(request.properties)[0])
        operation = self._operation(request.urn, request.timeout, olds)
        self._running.run(called, lambda: resource.delete(operation, request.id, olds))
        return empty_pb2.Empty()

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:
        self._running.cancel()
        return empty_pb2.Empty()

    def _operation(self, urn: str, seconds: float, properties: Properties) -> Operation:
        """An operation on the target on which these properties say that the resource is."""
        called = _called(urn)
        shown: list[str] = []

        def progress(message: str) -> None:
            if shown[-1:] != [message]:
                shown[:] = [message]
                self._engine.show_progress(urn, message)

        def info(message: str) -> None:
            self._engine.info(urn, message)

        return Operation(
            name=called,
            owner=self._targets.owner,
            seconds=seconds,
            machines=lambda: self._targets.at(called, properties).machines(progress),
            images=lambda: self._targets.at(called, properties).images(progress, info),
            preflight=lambda: self._targets.preflight(lambda message: self._engine.warn(urn, message)),
            progress=progress,
            info=info,
            urn=urn,
            cancelled=lambda: self._cancel.cancelled,
        )


def _resource(urn: str) -> Resource:
    """urn:pulumi:<stack>::<project>::<parent types$>type::<name>"""
    from provider.resources import RESOURCES

    match = re.match(r"urn:pulumi:[^:]*::[^:]*::(?:.*\$)?(?P<type>.*?)::", urn)
    token = match["type"] if match else urn
    if token not in RESOURCES:
        raise VsphereError(f"resource type {token}: unknown to kubelab {VERSION}, which has: {', '.join(RESOURCES)}")
    return RESOURCES[token]


def _called(urn: str) -> str:
    """The name of a resource."""
    return urn.rpartition("::")[2]


def _check_response(news: Properties, secret: frozenset[str], faults: dict[str, str]) -> provider_pb2.CheckResponse:
    return provider_pb2.CheckResponse(
        inputs=wire.encode(news, secret & news.keys()),
        failures=[provider_pb2.CheckFailure(property=key, reason=reason) for key, reason in faults.items()],
    )
