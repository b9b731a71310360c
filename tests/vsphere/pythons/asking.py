"""A program for any Python: how the driver takes servers. Cases come, and what came of each goes, as JSON."""

import json
import socket
import ssl
import sys
from typing import Any

from provider.vsphere import places
from provider.vsphere.api import tls
from provider.vsphere.cancel import CancelToken
from provider.vsphere.endpoint import CONNECT_SECONDS, Endpoint
from provider.vsphere.errors import RefusedError, VsphereError
from provider.vsphere.placement import NOWHERE


def login(endpoint: Endpoint) -> str:
    """The server's API type, or what a user is told."""
    session = places.connected(endpoint, NOWHERE, CancelToken()).session
    try:
        return str(session.content.about.apiType)
    except VsphereError as error:
        return str(error)
    finally:
        session.close()


def handshake(end: Endpoint) -> str:
    """What becomes of a connection, in a word or two."""
    context = tls.context(end.server, end.port, end.ca_pem, end.sha256, insecure=end.insecure)
    try:
        with (
            socket.create_connection((end.server, end.port), timeout=CONNECT_SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=end.server),
        ):
            return "taken"
    except (ssl.SSLCertVerificationError, RefusedError):
        return "not trusted"
    except (ssl.SSLError, ConnectionResetError):
        return "no handshake"


def main() -> None:
    cases: dict[str, dict[str, Any]] = json.load(sys.stdin)
    strict = ssl.create_default_context().verify_flags & ssl.VerifyFlags.VERIFY_X509_STRICT
    answer = {
        "version": list(sys.version_info[:2]),
        "is_strict": bool(strict),
        "logins": {name: login(Endpoint(**given)) for name, given in cases["logins"].items()},
        "handshakes": {name: handshake(Endpoint(**given)) for name, given in cases["handshakes"].items()},
    }
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
