"""The container runtimes, one file each, found by being there: a fourth is one more file here, and its script.

Not here: what they have in common (components/records/runtime.py).
"""

from collections.abc import Mapping

from components.records.discovery import Records
from components.records.runtime import Runtime

RUNTIMES: Mapping[str, Runtime] = Records(__name__, "RUNTIME", Runtime)
"""Every runtime by the user's word for it."""


def sockets(but: str = "") -> str:
    """The sockets of all runtimes but one, separated by spaces."""
    return " ".join(runtime.cri_socket for name, runtime in sorted(RUNTIMES.items()) if name != but)
