"""pyvmomi with its types erased, and the newest API version that both it and the host speak.

pyvmomi ships partial annotations (constructors untyped, properties undeclared).
"""

import http.client
import importlib
import ssl
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

from provider.vsphere.endpoint import CONNECT_SECONDS
from provider.vsphere.errors import RefusedError

_pyvmomi: Any = importlib.import_module("pyVmomi")
vim: Any = _pyvmomi.vim
vmodl: Any = _pyvmomi.vmodl
SoapStubAdapter: Any = importlib.import_module("pyVmomi.SoapAdapter").SoapStubAdapter
_support: Any = importlib.import_module("pyVmomi.VmomiSupport")
Facts = Mapping[str, Any]  # properties of an object by path, as config.hardware.numCPU; unset ones are absent
_VERSIONS_PATH = "/sdk/vimServiceVersions.xml"


def service_instance(content: Any) -> Any:
    """The ServiceInstance of a ServiceContent."""
    return vim.ServiceInstance("ServiceInstance", content.sessionManager._stub)


def negotiated_version(server: str, port: int, context: ssl.SSLContext) -> str:
    """pyvmomi's name of the version.

    Raises RefusedError if the server does not speak the vSphere API, OSError and HTTPException if it does not answer.
    """
    connection = http.client.HTTPSConnection(server, port, timeout=CONNECT_SECONDS, context=context)
    try:
        connection.request("GET", _VERSIONS_PATH)
        response = connection.getresponse()
        body = response.read()
    finally:
        connection.close()
    if response.status >= http.client.INTERNAL_SERVER_ERROR:
        raise http.client.HTTPException(f"{response.status} {response.reason}")
    offered = _offered(body) if response.status == http.client.OK else set()
    for name in _support.GetServiceVersions("vim25"):  # newest first
        if _support.versionIdMap[name] in offered:
            return str(name)
    raise RefusedError(
        f"connecting to {server}:{port}: no vSphere API that this version of pyvmomi speaks was found there "
        f"({_VERSIONS_PATH}: status {response.status}); check server and port"
    )


def _offered(body: bytes) -> set[str]:
    """The server's own names of the versions, as 8.0.3.0."""
    try:
        root = ElementTree.fromstring(body)
    except ElementTree.ParseError:
        return set()
    namespaces = [space for space in root.iter("namespace") if space.findtext("name") == "urn:vim25"]
    return {version.text or "" for space in namespaces for version in space.iter("version")}
