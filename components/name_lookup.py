"""The IPv4 addresses of machines that are declared by their names: a cluster knows its nodes by address."""

import socket
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTimeError
from ipaddress import IPv4Address

import pulumi

from config import NodeConfig

SECONDS = 15.0
"""What all look-ups together may take."""

_REMEDY = "write nodeAddress beside it, the IPv4 address by which other nodes reach the machine"


def looked_up(name: str) -> set[str]:
    """The IPv4 addresses of a name, as this machine's resolver says. Raises OSError."""
    return {str(found[4][0]) for found in socket.getaddrinfo(name, None, socket.AF_INET, socket.SOCK_STREAM)}


def node_addresses(
    nodes: tuple[NodeConfig, ...], ask: Callable[[str], set[str]] = looked_up, seconds: float = SECONDS
) -> Mapping[str, str]:
    """By node, the IPv4 address of each machine that exists. Only names are asked for.

    Raises RunError with all that have none, or not one.
    """
    existing = {node.name: node.existing for node in nodes if node.existing}
    known = {name: machine.node_address for name, machine in existing.items() if machine.node_address}
    unknown = {name: machine.address for name, machine in existing.items() if name not in known}
    if not unknown:
        return known
    pool = ThreadPoolExecutor(max_workers=16)
    asked = {name: pool.submit(ask, address) for name, address in unknown.items()}
    pool.shutdown(wait=False)
    answers = {name: _answer(future, seconds) for name, future in asked.items()}
    faults = [
        f"looking up {unknown[name]}, the address of {name} in platform/existing: {answer}; {_REMEDY}"
        for name, answer in answers.items()
        if not _is_address(answer)
    ]
    if faults:
        raise pulumi.RunError("\n".join(faults))
    return {**known, **answers}


def _answer(future: "Future[set[str]]", seconds: float) -> str:
    """The one address, or what was found in its place."""
    try:
        found = sorted(future.result(seconds))
    except NotInTimeError:
        return f"found no answer within {seconds:g} s"
    except OSError as error:
        return f"found none ({error.strerror})"
    if len(found) != 1:
        return f"found {', '.join(found) or 'none'}, wanted one address"
    address = IPv4Address(found[0])
    return f"found {address}, which no other node reaches" if address.is_loopback else str(address)


def _is_address(answer: str) -> bool:
    return not answer.startswith("found ")
