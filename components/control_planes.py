"""Which control plane a step of the cluster's own runs on: one that answers."""

import socket
from collections.abc import Callable, Sequence
from dataclasses import replace

import pulumi

from components.script import Host

SSH_PORT = 22
PATIENCE_SECONDS = 3


def answers_ssh(address: str) -> bool:
    """Whether something takes connections at the machine's ssh port."""
    try:
        with socket.create_connection((address, SSH_PORT), timeout=PATIENCE_SECONDS):
            return True
    except OSError:
        return False


def first_answering(addresses: Sequence[str], answers: Callable[[str], bool] = answers_ssh) -> int:
    """The index of the first address that answers; 0 if none does, so that the step's own error names the first."""
    return next((index for index, address in enumerate(addresses) if answers(address)), 0)


def one_that_answers(hosts: Sequence[Host]) -> Host:
    """One host: the only one, unasked, or the first that answers in the declared order."""
    first, *others = hosts
    if not others:
        return first
    index = pulumi.Output.all(*(host.address for host in hosts)).apply(first_answering)

    def chosen(values: Sequence[pulumi.Input[str]]) -> pulumi.Output[str]:
        return pulumi.Output.all(index, *values).apply(lambda known: str(known[1 + known[0]]))

    return replace(
        first,
        address=chosen([host.address for host in hosts]),
        private_key=chosen([host.private_key for host in hosts]),
        host_key=chosen([host.host_key for host in hosts]),
    )
