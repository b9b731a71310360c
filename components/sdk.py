"""How Pulumi's Python SDK runs the program: what it does that takes time and changes no result is switched off.

What each of the two costs stands in docs/adr/0022-time-of-a-run-without-changes.md.
"""

import atexit
import gc
import os

import pulumi

# Set, the SDK's debug messages reach `pulumi up --debug` again.
DEBUG_VARIABLE = "KUBELAB_SDK_DEBUG"


def hasten() -> None:
    """To be called once, before the first resource: the program only adds to the graph until it ends.

    Objects are not searched for cycles, and the SDK's debug messages, four for each resource and each a call to the
    engine that is waited for, are sent only where KUBELAB_SDK_DEBUG is set.
    """
    gc.disable()
    atexit.register(gc.freeze)
    if not os.environ.get(DEBUG_VARIABLE):
        pulumi.log.debug = _unsent


def _unsent(
    msg: str, resource: pulumi.Resource | None = None, stream_id: int | None = None, ephemeral: bool | None = None
) -> None:
    """Takes the place of `pulumi.log.debug`."""
