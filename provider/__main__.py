"""Starts the plugin: the engine runs `python <this directory> <engine address>`."""

import gc
import sys
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from types import ModuleType

# Run as a directory, Python puts that directory first on its path; the plugin's modules are a package beside it.
sys.path[0] = str(Path(__file__).resolve().parent.parent)
# While the plugin is loaded, nothing is made that would be garbage.
gc.disable()


def _bare(package: str) -> None:
    """Makes a package known without running what it imports, so that only the modules asked for are loaded."""
    spec = find_spec(package)
    if spec is None:
        sys.exit(f"the kubelab provider: {package} is not installed beside {sys.executable}; run make setup")
    sys.modules[package] = module_from_spec(spec)


# gRPC loads asyncio, and with it ssl, for servers of another kind than this one: a third of the time that it takes. It
# asks nothing of either until such a server is made; what logs in to machines loads asyncio for itself.
sys.modules |= {name: ModuleType(name) for name in ("asyncio", "grpc.aio")}
import grpc  # type: ignore[import-untyped, unused-ignore] # noqa: E402, F401 - finds the empty ones

del sys.modules["asyncio"]

# Of the SDK, the plugin needs the protocol's messages, which import nothing else of it. The rest is the program's side,
# and a third of the time that the engine would wait for this process at each of its runs.
_bare("pulumi")
_bare("pulumi.runtime")
_bare("pulumi.runtime.proto")

from provider.plugin import main  # noqa: E402 - needs what is set above

if __name__ == "__main__":
    gc.freeze()
    gc.enable()
    main(sys.argv[1:])
