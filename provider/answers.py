"""What the engine is told: detailed diffs, failures in one line, resources that exist but are not finished."""

import functools
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, TypeVar

import grpc  # type: ignore[import-untyped, unused-ignore]
from google.protobuf import any_pb2
from google.rpc import code_pb2, status_pb2  # type: ignore[import-untyped, unused-ignore]
from pulumi.runtime.proto import provider_pb2

from provider import wire
from provider.resource import Change, Found, Kind, PropertyChange, Resource
from provider.vsphere.errors import VsphereError
from provider.wire import Properties

Method = TypeVar("Method", bound=Callable[..., Any])

_KINDS = {
    (Kind.ADD, Change.UPDATE): provider_pb2.PropertyDiff.ADD,
    (Kind.ADD, Change.REPLACE): provider_pb2.PropertyDiff.ADD_REPLACE,
    (Kind.DELETE, Change.UPDATE): provider_pb2.PropertyDiff.DELETE,
    (Kind.DELETE, Change.REPLACE): provider_pb2.PropertyDiff.DELETE_REPLACE,
    (Kind.UPDATE, Change.UPDATE): provider_pb2.PropertyDiff.UPDATE,
    (Kind.UPDATE, Change.REPLACE): provider_pb2.PropertyDiff.UPDATE_REPLACE,
}


def diff_response(resource: Resource, changes: Sequence[PropertyChange]) -> provider_pb2.DiffResponse:
    """The DiffResponse for these changes."""
    replaces = sorted({change.key for change in changes if change.change is Change.REPLACE})
    some, none = provider_pb2.DiffResponse.DIFF_SOME, provider_pb2.DiffResponse.DIFF_NONE
    return provider_pb2.DiffResponse(
        changes=some if changes else none,
        diffs=sorted({change.key for change in changes}),
        replaces=replaces,
        stables=[] if replaces else resource.stable_keys,
        deleteBeforeReplace=bool(replaces) and resource.delete_before_replace,
        detailedDiff={
            change.path: provider_pb2.PropertyDiff(kind=_KINDS[change.kind, change.change]) for change in changes
        },
        hasDetailedDiff=True,
    )


class _Status(grpc.Status):  # type: ignore[misc, unused-ignore]
    def __init__(self, status: status_pb2.Status) -> None:
        self.code = grpc.StatusCode.UNKNOWN
        self.details = status.message
        self.trailing_metadata = (("grpc-status-details-bin", status.SerializeToString()),)


def init_failed(context: grpc.ServicerContext, found: Found, inputs: Properties, secret: frozenset[str]) -> NoReturn:
    """Ends the call so that the engine keeps the resource, shows the reasons and updates it on the next run."""
    detail = any_pb2.Any()
    detail.Pack(
        provider_pb2.ErrorResourceInitFailed(
            id=found.id,
            properties=wire.encode(found.outputs, secret),
            reasons=found.reasons,
            inputs=wire.encode(inputs, secret),
        )
    )
    status = status_pb2.Status(code=code_pb2.UNKNOWN, message="; ".join(found.reasons), details=[detail])
    context.abort_with_status(_Status(status))
    raise AssertionError("abort_with_status raises")


def reported(method: Method) -> Method:
    """Ends a call with the driver's own message; an unexpected error is named, its details go to stderr."""

    @functools.wraps(method)
    def call(servicer: Any, request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return method(servicer, request, context)
        except VsphereError as error:
            message = " ".join(str(error).split())
        except Exception as error:
            if context.code() is not None:
                raise  # the call was ended on purpose, by context.abort
            traceback.print_exc(file=sys.stderr)
            what = f"{type(error).__name__} in {method.__name__}"
            message = f"unexpected {what} of the kubelab provider; its stderr has the details"
        context.abort(grpc.StatusCode.UNKNOWN, message)
        raise AssertionError("abort raises")

    return call  # type: ignore[return-value]
