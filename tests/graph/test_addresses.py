"""Addresses and names of machines: what is known before, what is given to whom, and what a new node changes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from config import LabConfig
from tests.graph.conftest import changed, loaded, registered, site
from tests.graph.recording import Graph
from tests.graph.test_order import MACHINE

STATIC = {
    "mode": "static",
    "network": "10.87.0.0/24",
    "gateway": "10.87.0.1",
    "nameServers": ["10.87.0.2"],
    "searchDomains": ["lab.example"],
}
ADDRESSES = {"cp1": "10.87.0.11", "w1": "10.87.0.12", "w2": "10.87.0.13", "w3": "10.87.0.14"}
CARD = ("manualMacAddress", "staticAddress", "gateway", "nameServers", "searchDomains")
OnSite = Callable[..., LabConfig]


@pytest.fixture
def on_site(site_folder: Path) -> OnSite:
    """The mixed stack on a site with these addresses, with changes of nodes by name."""

    def made(addresses: dict[str, Any], nodes: dict[str, dict[str, Any]] | None = None) -> LabConfig:
        file = site_folder / "site-of-addresses.yaml"
        file.write_text(yaml.safe_dump(site(addresses=addresses)))
        return loaded("mixed", changed(nodes, {}), file)

    return made


def static_nodes() -> dict[str, dict[str, Any]]:
    return {name: {"address": address} for name, address in ADDRESSES.items()}


def given_to_cards(graph: Graph) -> dict[str, dict[str, Any]]:
    """What the first card of each machine is given."""
    machines = graph.of_type(MACHINE)
    return {each.name: {key: each.plain(key) for key in CARD if each.plain(key) is not None} for each in machines}


def test_a_static_machine_is_given_its_address_and_what_belongs_to_it(on_site: OnSite) -> None:
    graph = registered(on_site(STATIC, static_nodes()))
    assert given_to_cards(graph)["w1"] == {
        "manualMacAddress": "00:50:56:17:00:0c",
        "staticAddress": "10.87.0.12/24",
        "gateway": "10.87.0.1",
        "nameServers": ["10.87.0.2"],
        "searchDomains": ["lab.example"],
    }
    (provider,) = graph.of_type("pulumi:providers:kubelab")
    machines = json.loads(provider.plain("machines"))
    assert [each["address"] for each in machines] == list(ADDRESSES.values())
    assert len({each["mac"] for each in machines}) == len(ADDRESSES)


def test_with_dhcp_a_card_is_given_a_declared_mac_and_nothing_else(on_site: OnSite) -> None:
    graph = registered(
        on_site({"mode": "dhcp", "network": "10.87.0.0/24"}, {"w1": {"macAddress": "00:50:56:00:00:01"}})
    )
    assert given_to_cards(graph) == {
        "cp1": {},
        "w1": {"manualMacAddress": "00:50:56:00:00:01"},
        "w2": {},
        "w3": {},
    }
