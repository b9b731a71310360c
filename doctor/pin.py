"""make pin SERVER=host[:port]: the certificate that a server shows, as tls.sha256 takes it, and how to compare it.

It is read over a connection that carries nothing else. That it is the server's own, only the server itself can say.
"""

import argparse
import re
import sys

from cryptography import x509

from provider.vsphere.api import certificates
from provider.vsphere.api.tls import colons
from provider.vsphere.errors import VsphereError

DEFAULT_PORT, LARGEST_PORT = 443, 65535
_SERVER = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^:/\s\[\]]+)(?::(?P<port>[0-9]{1,5}))?")
ON_THE_SERVER = """\
# Whoever stands between here and the server could show a certificate of its own: compare before you write it down.
# On an ESXi host (console or ssh):
#   openssl x509 -in /etc/vmware/ssl/rui.crt -noout -fingerprint -sha256
# On a vCenter (ssh, then shell):
#   /usr/lib/vmware-vmafd/bin/vecs-cli entry getcert --store MACHINE_SSL_CERT --alias __MACHINE_CERT |
#     openssl x509 -noout -fingerprint -sha256"""


def main() -> None:
    """Print it, or one line of what is wrong."""
    parser = argparse.ArgumentParser(prog="make pin", description=__doc__)
    parser.add_argument("server", help="host, or host:port")
    try:
        print(shown(*place_of(parser.parse_args().server)))
    except (VsphereError, ValueError) as error:
        sys.exit(f"error: {error}")


def place_of(server: str) -> tuple[str, int]:
    """Host and port. Raises ValueError."""
    match = _SERVER.fullmatch(server)
    port = int(match["port"] or DEFAULT_PORT) if match else 0
    if match is None or not 0 < port <= LARGEST_PORT:
        raise ValueError(
            f"SERVER: found {server!r}, wanted host or host:port, for example make pin SERVER=esxi.lab:443"
        )
    return match["host"].strip("[]"), port


def shown(host: str, port: int) -> str:
    """The site file's lines with the pin, what the certificate says of itself, how to compare. Raises VsphereError."""
    certificate = certificates.read(host, port)
    lines = ["tls:", f'  sha256: "{colons(certificates.digest(certificate))}"', *_of_itself(certificate)]
    doubt = certificates.outside_its_dates(certificate)
    if doubt:
        lines.append(f"# Beware: {doubt}.")
    return "\n".join([*lines, ON_THE_SERVER])


def _of_itself(certificate: bytes) -> list[str]:
    try:
        read = x509.load_der_x509_certificate(certificate)
        said = {
            "subject": read.subject.rfc4514_string(),
            "issuer": read.issuer.rfc4514_string(),
            "valid": f"{read.not_valid_before_utc:%Y-%m-%d %H:%M} to {read.not_valid_after_utc:%Y-%m-%d %H:%M} UTC",
        }
    except ValueError as error:
        return [f"# What it says of itself cannot be read ({error})."]
    return [f"# {name}: {_printable(text)}" for name, text in said.items()]


def _printable(text: str) -> str:
    """A server may write anything into its certificate, and a terminal would obey it."""
    return "".join(each if each.isprintable() else "?" for each in text[:200])


if __name__ == "__main__":
    main()
