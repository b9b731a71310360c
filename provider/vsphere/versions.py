"""Finds the newest API version that both the host and pyvmomi speak."""

import http.client
import ssl
from xml.etree import ElementTree

from provider.vsphere.errors import RefusedError
from provider.vsphere.sdk import api_versions
from provider.vsphere.tls import CONNECT_SECONDS

PATH = "/sdk/vimServiceVersions.xml"


def negotiate(server: str, port: int, context: ssl.SSLContext) -> str:
    """Returns pyvmomi's name of the version. Raises RefusedError if the server does not speak the vSphere API, OSError
    and HTTPException if it does not answer."""
    connection = http.client.HTTPSConnection(server, port, timeout=CONNECT_SECONDS, context=context)
    try:
        connection.request("GET", PATH)
        response = connection.getresponse()
        body = response.read()
    finally:
        connection.close()
    if response.status >= http.client.INTERNAL_SERVER_ERROR:
        raise http.client.HTTPException(f"{response.status} {response.reason}")
    offered = _offered(body) if response.status == http.client.OK else set()
    for name, server_name in api_versions().items():
        if server_name in offered:
            return name
    raise RefusedError(
        f"connecting to {server}:{port}: no vSphere API that this version of pyvmomi speaks was found there "
        f"({PATH}: status {response.status}); check server and port"
    )


def _offered(body: bytes) -> set[str]:
    try:
        root = ElementTree.fromstring(body)
    except ElementTree.ParseError:
        return set()
    namespaces = [space for space in root.iter("namespace") if space.findtext("name") == "urn:vim25"]
    return {version.text or "" for space in namespaces for version in space.iter("version")}
