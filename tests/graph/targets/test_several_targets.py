"""A lab on several targets: one provider that knows them all, and what of each machine is said of where it is."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from config import LabConfig
from tests.graph.conftest import PASSWORD, PROJECT, STACK, loaded, registered, shipped, site
from tests.graph.recording import Graph, is_secret, public_text
from tests.graph.test_program import Lines, refuse, run

MACHINE, IMAGE, PROVIDER = "kubelab:index:VirtualMachine", "kubelab:index:Image", "pulumi:providers:kubelab"


def target(name: str, **other: Any) -> dict[str, Any]:
    alone = site()["platform"]["vsphere"]
    return {**alone, "name": name, "server": f"{name}.test", "datastore": f"ds-{name}", **other}


def targets_file(folder: Path, vsphere: object) -> Path:
    file = folder / "site-with-targets.yaml"
    file.write_text(yaml.safe_dump(site(platform={"vsphere": vsphere})))
    return file


def lab(folder: Path, vsphere: object, hosts: Mapping[str, str]) -> LabConfig:
    """A shipped stack on these targets; `hosts` are those that nodes name."""
    file = targets_file(folder, vsphere)
    declared = shipped(STACK)
    nodes = {
        name: {**node, **({"host": hosts[name]} if name in hosts else {})} for name, node in declared["nodes"].items()
    }
    return loaded(STACK, {**declared, "nodes": nodes}, file)


@pytest.fixture
def graph(site_folder: Path) -> Graph:
    """A control plane on rack1, a worker for which the provider chooses."""
    return registered(lab(site_folder, [target("rack1"), target("rack2")], {"cp1": "rack1"}))


def test_one_provider_knows_all_targets_and_their_passwords_are_secret(graph: Graph) -> None:
    (provider,) = graph.of_type(PROVIDER)
    assert provider.name == "vsphere"
    targets = json.loads(provider.plain("targets"))
    assert [(each["targetName"], each["server"], each["datastore"]) for each in targets] == [
        ("rack1", "rack1.test", "ds-rack1"),
        ("rack2", "rack2.test", "ds-rack2"),
    ]
    assert is_secret(provider.inputs["passwords"])
    assert json.loads(provider.plain("passwords")).keys() == {"rack1", "rack2"}
    assert PASSWORD not in public_text(provider.inputs)


def test_a_machine_that_names_its_target_is_said_to_be_there_in_the_preview(graph: Graph) -> None:
    machine, image = graph.named(MACHINE, "cp1"), f"image-{'a' * 12}-rack1"
    assert [machine.plain(key) for key in ("host", "datastore")] == ["rack1", "ds-rack1"]
    assert machine.plain("image") == f"[ds] {image}/disk.vmdk"
    assert {graph.by_urn[urn].name for urn in graph.before(machine) if graph.by_urn[urn].type == IMAGE} == {image}


def test_a_machine_that_names_none_has_the_images_of_all_and_nothing_of_one(graph: Graph) -> None:
    machine = graph.named(MACHINE, "w1")
    assert machine.plain("images").keys() == {"rack1", "rack2"}
    assert not {"host", "datastore", "network", "image"} & machine.inputs.keys()
    (provider,) = graph.of_type(PROVIDER)
    wanted = {each["name"]: each for each in json.loads(provider.plain("machines"))}
    assert wanted["w1"].keys() == {"name", "diskGiB", "memoryMiB"}
    assert wanted["cp1"]["host"] == "rack1"


def test_an_image_is_on_each_target_on_which_a_machine_of_it_may_be(site_folder: Path) -> None:
    on_one = dict.fromkeys(shipped(STACK)["nodes"], "rack2")
    graph = registered(lab(site_folder, [target("rack1"), target("rack2")], on_one))
    (image,) = graph.of_type(IMAGE)
    assert (image.plain("host"), image.plain("datastore")) == ("rack2", "ds-rack2")


def test_one_target_with_a_name_gives_the_resources_of_one_without(site_folder: Path, site_file: Path) -> None:
    """A lab that stands is not made anew because its host got a name."""
    named = lab(site_folder, {**target("rack1"), "datastore": "ds", "server": "esxi.test:8989"}, {})
    before, after = registered(loaded(STACK, shipped(STACK), site_file)), registered(named)
    assert before.by_urn.keys() == after.by_urn.keys()
    for machine in before.of_type(MACHINE):
        assert after.by_urn[machine.urn].inputs == machine.inputs
    (provider,), (of_one,) = after.of_type(PROVIDER), before.of_type(PROVIDER)
    assert provider.inputs == {**of_one.inputs, "targetName": "rack1", "password": provider.inputs["password"]}


def test_a_program_takes_each_targets_password_and_shows_where_each_node_is(site_folder: Path) -> None:
    settings = {
        **shipped(STACK),
        "site": os.path.relpath(targets_file(site_folder, [target("rack1"), target("rack2")]), PROJECT / "stacks"),
        "vspherePasswords": {"rack1": "one", "rack2": "two"},
    }
    said = Lines()
    recorded = run(settings, said)
    assert said.errors == []
    (provider,) = recorded.of_type(PROVIDER)
    assert json.loads(provider.plain("passwords")) == {"rack1": "one", "rack2": "two"}
    assert [node["host"] for node in recorded.outputs["nodes"]] == [f"on {name}" for name in settings["nodes"]]


def test_a_missing_password_of_one_target_is_told_by_its_name(site_folder: Path) -> None:
    settings = {
        **shipped(STACK),
        "site": os.path.relpath(targets_file(site_folder, [target("rack1"), target("rack2")]), PROJECT / "stacks"),
        "vspherePasswords": {"rack1": "one"},
    }
    (line,) = refuse(settings, Lines())
    assert "logging in to rack2.test as root: found no password in" in line
    assert "environment variable KUBELAB_VSPHERE_PASSWORD_RACK2" in line
    assert line.endswith("run `pulumi config set --secret --path kubelab:vspherePasswords.rack2`")
