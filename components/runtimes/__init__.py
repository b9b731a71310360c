"""The container runtimes, one file each, found by their names: a fourth is one more file here, and its script.

Not here: what they have in common (components/runtime.py), their versions (config/versions.py).
"""

import importlib
import pkgutil
from collections.abc import Mapping
from types import MappingProxyType

from components import traces
from components.runtime import Runtime


def _found() -> dict[str, Runtime]:
    modules = (importlib.import_module(f"{__name__}.{info.name}") for info in pkgutil.iter_modules(__path__))
    return {module.RUNTIME.name: module.RUNTIME for module in modules}


RUNTIMES: Mapping[str, Runtime] = MappingProxyType(_found())
"""Every runtime by the user's word for it."""


def sockets(but: str = "") -> str:
    """The sockets of all runtimes but one, separated by spaces."""
    return " ".join(runtime.cri_socket for name, runtime in sorted(RUNTIMES.items()) if name != but)


def all_traces() -> str:
    """Everything that the known installations leave on a machine, as lines of kind and name."""
    installed = [runtime.traces for _, runtime in sorted(RUNTIMES.items())]
    return traces.render([traces.KUBERNETES, traces.POD_NETWORKS, *installed, traces.OTHER_RUNTIMES])
