"""A machine's ed25519 host key, asked for with ssh-keyscan: nothing is verified by that, and nobody logs in."""

import base64
import binascii
import hashlib
import subprocess
from dataclasses import dataclass

from config.values.hosts import is_host, is_port

SECONDS = 10
_PORT = 22
_USAGE = "wanted: make adopt HOST=address or HOST=address:port, with an IPv4 address or a name"
_FILE = "/etc/ssh/ssh_host_ed25519_key.pub"
_LOOK = "look at its power, its address, the route from here to it and a firewall between, and sshd on it"


class AdoptError(Exception):
    """Why no key was seen; its text is for the user."""


@dataclass(frozen=True, slots=True)
class Where:
    """Where a machine's ssh server is."""

    address: str
    port: int

    def __str__(self) -> str:
        return self.address if self.port == _PORT else f"{self.address}:{self.port}"


def parsed(host: str) -> Where:
    """What a user wrote. Raises AdoptError."""
    if not host:
        raise AdoptError(f"asking for a host key: found no HOST, {_USAGE}")
    address, colon, port = host.partition(":")
    if "@" in host:
        raise AdoptError(f"asking for a host key: found a user in {host!r}, which is not asked; {_USAGE}")
    if not is_host(address) or (colon and not is_port(port)):
        raise AdoptError(f"asking for a host key: found {host!r}, {_USAGE}")
    return Where(address.lower(), int(port) if port else _PORT)


def asked(where: Where) -> str:
    """The key, `ssh-ed25519 AAAA...`, as whoever answers there shows it. Raises AdoptError after ten seconds."""
    doing = f"asking {where} for its host key"
    command = ["ssh-keyscan", "-4", "-T", str(SECONDS), "-t", "ed25519", "-p", str(where.port), where.address]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=2 * SECONDS + 5)
    except FileNotFoundError:
        raise AdoptError(f"{doing}: found no ssh-keyscan; install OpenSSH's client (openssh-client)") from None
    except subprocess.TimeoutExpired:
        raise AdoptError(f"{doing}: found no end of it within {2 * SECONDS + 5} s; {_LOOK}") from None
    lines = [line.split() for line in done.stdout.splitlines() if not line.startswith("#")]
    keys = {f"{words[1]} {words[2]}" for words in lines if len(words) >= 3 and words[1] == "ssh-ed25519"}
    if len(keys) == 1:
        return keys.pop()
    if any("SSH-" in line for line in (done.stdout + done.stderr).splitlines()):
        raise AdoptError(f"{doing}: found an ssh server without an ed25519 key; run there: ssh-keygen -A, restart sshd")
    said = [line for line in done.stderr.splitlines() if line.strip() and not line.startswith("#")]
    raise AdoptError(f"{doing}: found no ssh server within {SECONDS} s{f' ({said[-1]})' if said else ''}; {_LOOK}")


def fingerprint(key: str) -> str:
    """`SHA256:...`, as ssh-keygen shows it. Raises AdoptError for what is no key."""
    try:
        blob = base64.b64decode(key.split()[1], validate=True)
    except binascii.Error:
        raise AdoptError(f"reading the host key {key}: found no base64") from None
    return f"SHA256:{base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip('=')}"


def shown(where: Where, key: str) -> str:
    """What is printed: what to compare, in comments, and what to write, as YAML."""
    name = where.address.partition(".")[0] if not where.address.replace(".", "").isdigit() else "NAME"
    port = "" if where.port == _PORT else f"port: {where.port}, "
    return f"""\
# {where} shows this host key. Anybody could answer there: compare it with what the machine's own console prints for
#   ssh-keygen -lf {_FILE}
# which must have
#   {fingerprint(key)}
# If it is the same, write in the site file, with the node's name, and with user and privateKeyFile beside machines:
platform:
  existing:
    machines:
      {name}: {{address: {where.address}, {port}hostKey: "{key}"}}
"""
