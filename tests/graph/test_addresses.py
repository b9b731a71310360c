"""Addresses and names of machines: what is known before, what is given to whom, and what a new node changes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from config import LabConfig
from tests.graph.conftest import address_of, loaded, previewed, registered, shipped, site
from tests.graph.recording import Graph
from tests.graph.test_order import MACHINE, commands, step
from tests.graph.test_steps import given

PREPARE = "10-prepare-os.sh"

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
        declared = shipped("mixed")
        for name, changes in (nodes or {}).items():
            declared["nodes"].setdefault(name, {}).update(changes)
        return loaded("mixed", declared, file)

    return made


def static_nodes() -> dict[str, dict[str, Any]]:
    return {name: {"address": address} for name, address in ADDRESSES.items()}


def given_to_cards(graph: Graph) -> dict[str, dict[str, Any]]:
    """What the first card of each machine is given."""
    machines = graph.of_type(MACHINE)
    return {each.name: {key: each.plain(key) for key in CARD if each.plain(key) is not None} for each in machines}


def stdin_of(graph: Graph, name: str) -> str:
    """What a step is given, by its name."""
    (found,) = [command for command in commands(graph) if command.name == name]
    return str(found.plain("stdin"))


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


def test_with_names_in_hosts_every_preparation_is_given_all_nodes_readably(on_site: OnSite) -> None:
    graph = registered(on_site({**STATIC, "names": "hosts"}, static_nodes()))
    for node in ADDRESSES:
        names = given(step(graph, PREPARE, node), "HOSTS")
        assert names.splitlines() == [f"{address_of(each)} {each}" for each in ADDRESSES]


def test_names_of_the_sites_own_make_no_node_wait_for_another(on_site: OnSite) -> None:
    graph = registered(on_site({"mode": "dhcp", "network": "10.87.0.0/24"}))
    for node in ADDRESSES:
        prepared = step(graph, PREPARE, node)
        assert given(prepared, "HOSTS") == ""
        waited_for = {graph.by_urn[urn].name for urn in graph.before(prepared) if graph.by_urn[urn].type == MACHINE}
        assert waited_for == {node}


@pytest.mark.parametrize("mode", ["dhcp", "static"])
def test_a_new_node_changes_the_names_of_others_and_none_of_their_other_steps(on_site: OnSite, mode: str) -> None:
    """Nor does a preview list more, which knows no result of a step that is still to be run."""
    addresses = {**STATIC, "names": "hosts"} if mode == "static" else {"network": "10.87.0.0/24", "names": "hosts"}
    nodes: dict[str, dict[str, Any]] = static_nodes() if mode == "static" else {}
    added = {"role": "worker", **({"address": "10.87.0.20"} if mode == "static" else {})}
    before, after = registered(on_site(addresses, nodes)), on_site(addresses, {**nodes, "w9": added})
    old = {command.name for command in commands(before)}
    graph = registered(after)
    of_old = {command.name for command in commands(graph) if command.name in old}
    changed_steps = {name for name in of_old if stdin_of(graph, name) != stdin_of(before, name)}
    assert changed_steps == {f"{node}-prepare-os" for node in ADDRESSES} | {"nodes-settle", "verification"}
    new = {command.name for command in commands(graph)} - old
    again = changed_steps | new
    shown = previewed(after, again)
    assert {name for name in of_old if stdin_of(shown, name) != stdin_of(before, name)} == changed_steps


def test_a_worker_is_admitted_by_what_its_own_machine_is_known_by(graph: Graph, workers: list[str]) -> None:
    """So that a new node changes no other one's admission."""
    for worker in workers:
        membership = step(graph, "50-manage-membership.sh", worker)
        assert given(membership, "MACHINE") == f"machine-id of {worker}-preflight"
        checked = {name for urn in graph.before(membership) if (name := graph.by_urn[urn].name).endswith("-preflight")}
        assert checked == {"cp1-preflight", f"{worker}-preflight"}
