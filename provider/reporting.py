"""What a user sees of a failure: one line, no traceback."""

import functools
import sys
import traceback
from collections.abc import Callable
from typing import Any, TypeVar

import grpc  # type: ignore[import-untyped, unused-ignore]

from provider.vsphere.errors import VsphereError

Method = TypeVar("Method", bound=Callable[..., Any])


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
