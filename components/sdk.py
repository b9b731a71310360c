"""How Pulumi's Python SDK runs the program: what it does that takes time and changes no result is switched off.

What each of the two costs stands in docs/adr/0022-time-of-a-run-without-changes.md.
"""

import atexit
import gc
import os

import pulumi
from pulumi.runtime import resource
from pulumi.runtime.proto import source_pb2

# Set, the SDK's debug messages reach `pulumi up --debug` again, and each resource's place in the program its state.
DEBUG_VARIABLE = "KUBELAB_SDK_DEBUG"


def hasten() -> None:
    """To be called once, before the first resource: the program only adds to the graph until it ends.

    Objects are not searched for cycles. Only where KUBELAB_SDK_DEBUG is set are the SDK's debug messages sent, four for
    each resource and each a call to the engine that is waited for, and with each resource the lines of the program that
    led to it, for which the SDK reads every file among them: the engine shows them nowhere, and keeps them in the state.
    """
    gc.disable()
    atexit.register(gc.freeze)
    if not os.environ.get(DEBUG_VARIABLE):
        pulumi.log.debug = _unsent
        resource._get_stack_trace = source_pb2.StackTrace


def _unsent(
    msg: str, resource: pulumi.Resource | None = None, stream_id: int | None = None, ephemeral: bool | None = None
) -> None:
    """Takes the place of `pulumi.log.debug`."""
