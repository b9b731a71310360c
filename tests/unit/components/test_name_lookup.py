"""Machines that exist and are declared by their names: the addresses that nodes are known by."""

import socket
import threading
from dataclasses import replace

import pulumi
import pytest
from pydantic import SecretStr

from components.name_lookup import node_addresses
from config import ExistingMachineConfig, NodeConfig
from tests.unit.components import labs

KNOWN = {"one.lab": {"10.0.0.5"}, "two.lab": {"10.0.0.6", "10.0.0.7"}, "own.lab": {"127.0.1.1"}}


def node(name: str, address: str, node_address: str | None = None) -> NodeConfig:
    machine = ExistingMachineConfig(
        address, node_address, 22, "lab", "ssh-ed25519 AAAA", SecretStr("a key"), "debian-13"
    )
    return replace(labs.node(name), image=None, existing=machine)


def ask(name: str) -> set[str]:
    if name not in KNOWN:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return KNOWN[name]


def test_only_names_are_asked_for_and_machines_that_are_made_are_left_out() -> None:
    def never(name: str) -> set[str]:
        raise AssertionError(name)

    nodes = (labs.node("w1"), node("w2", "10.0.0.5", "10.0.0.5"), node("w3", "nat.lab", "192.168.1.3"))
    assert node_addresses(nodes, never) == {"w2": "10.0.0.5", "w3": "192.168.1.3"}


def test_a_name_is_looked_up() -> None:
    assert node_addresses((node("w1", "one.lab"), node("w2", "10.0.0.9", "10.0.0.9")), ask) == {
        "w1": "10.0.0.5",
        "w2": "10.0.0.9",
    }


def test_names_of_no_use_are_told_all_at_once_with_what_to_write() -> None:
    nodes = (node("w1", "none.lab"), node("w2", "two.lab"), node("w3", "own.lab"))
    with pytest.raises(pulumi.RunError) as raised:
        node_addresses(nodes, ask)
    first, second, third = str(raised.value).splitlines()
    assert "looking up none.lab, the address of w1 in platform/existing: found none (Name or service" in first
    assert "found 10.0.0.6, 10.0.0.7, wanted one address" in second
    assert "found 127.0.1.1, which no other node reaches" in third
    assert all(line.endswith("by which other nodes reach the machine") for line in (first, second, third))


def test_a_resolver_that_does_not_answer_is_waited_for_and_no_longer() -> None:
    released = threading.Event()

    def hang(_: str) -> set[str]:
        released.wait(10)
        return set()

    try:
        with pytest.raises(pulumi.RunError, match=r"found no answer within 0\.1 s"):
            node_addresses((node("w1", "one.lab"),), hang, seconds=0.1)
    finally:
        released.set()
