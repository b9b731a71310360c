"""pyvmomi with its types erased: it ships partial annotations (constructors untyped, properties undeclared)."""

import importlib
from typing import Any

_pyvmomi: Any = importlib.import_module("pyVmomi")
vim: Any = _pyvmomi.vim
vmodl: Any = _pyvmomi.vmodl
SoapStubAdapter: Any = importlib.import_module("pyVmomi.SoapAdapter").SoapStubAdapter
_support: Any = importlib.import_module("pyVmomi.VmomiSupport")


def api_versions() -> dict[str, str]:
    """Returns the API versions that pyvmomi speaks, newest first: its own name of each, the server's ("8.0.3.0")."""
    return {name: _support.versionIdMap[name] for name in _support.GetServiceVersions("vim25")}
