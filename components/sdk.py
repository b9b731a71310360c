"""How the program is run: what Pulumi's SDK and pydantic do that takes time and changes no result is switched off.

What each costs stands in docs/adr/0022-time-of-a-run-without-changes.md.
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

    Objects are not searched for cycles, and pydantic looks for no plugins among all packages that are installed. Only
    where KUBELAB_SDK_DEBUG is set does the SDK send its debug messages, four for each resource and each a call to the
    engine that is waited for, and gather the lines of the program that led to each resource, for which it reads every
    file among them: the engine shows them nowhere, and keeps them in the state.
    """
    gc.disable()
    atexit.register(gc.freeze)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    if not os.environ.get(DEBUG_VARIABLE):
        pulumi.log.debug = _unsent
        resource._get_stack_trace = source_pb2.StackTrace


def _unsent(
    msg: str, resource: pulumi.Resource | None = None, stream_id: int | None = None, ephemeral: bool | None = None
) -> None:
    """Takes the place of `pulumi.log.debug`."""
