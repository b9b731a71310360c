"""A lab in a vCenter: what the provider is told of the place, and which images there are."""

from pathlib import Path
from typing import Any

import pytest

from tests.graph.conftest import STACK, loaded, registered, shipped, site
from tests.graph.recording import Graph
from tests.graph.targets.test_several_targets import IMAGE, MACHINE, PROVIDER, targets_file

PLACE = {"datacenter": "DC0", "cluster": "C1", "resourcePool": "lab", "folder": "lab/nodes", "clone": "linked"}
TEMPLATE = {"template": "debian-by-hand", "system": "debian-13"}


def graph(folder: Path, *, nodes: dict[str, dict[str, Any]] | None = None, **other: Any) -> Graph:
    declared = shipped(STACK)
    changed = {name: {**node, **(nodes or {}).get(name, {})} for name, node in declared["nodes"].items()}
    vsphere = {**site()["platform"]["vsphere"], **PLACE, **other}
    return registered(loaded(STACK, {**declared, "nodes": changed}, targets_file(folder, vsphere)))


def test_the_provider_is_told_where_in_the_vcenter_machines_are_made(site_folder: Path) -> None:
    (provider,) = graph(site_folder).of_type(PROVIDER)
    assert {key: provider.plain(key) for key in PLACE} == PLACE


def test_a_host_alone_is_told_as_ever(site_file: Path) -> None:
    (provider,) = registered(loaded(STACK, shipped(STACK), site_file)).of_type(PROVIDER)
    assert not PLACE.keys() & provider.inputs.keys()


@pytest.mark.parametrize(
    ("clone", "names"),
    [("linked", {f"image-{'a' * 12}-40g", f"image-{'a' * 12}-60g"}), ("full", {f"image-{'a' * 12}"})],
)
def test_linked_clones_have_an_image_for_each_size_of_their_disks(
    site_folder: Path, clone: str, names: set[str]
) -> None:
    sizes = {name: {"machine": {"diskGiB": 60 if name == "cp1" else 40}} for name in shipped(STACK)["nodes"]}
    made = graph(site_folder, clone=clone, nodes=sizes)
    images = {image.name: image for image in made.of_type(IMAGE)}
    assert images.keys() == names
    if clone == "linked":
        assert made.named(MACHINE, "cp1").plain("image") == f"[ds] image-{'a' * 12}-60g/disk.vmdk"
        assert {images[name].plain("diskGiB") for name in names} == {40, 60}


def test_a_template_is_one_image_of_all_nodes_and_each_machine_names_it(site_folder: Path) -> None:
    made = graph(site_folder, image=TEMPLATE)
    (image,) = made.of_type(IMAGE)
    assert image.plain("template") == "debian-by-hand"
    assert "ova" not in image.inputs
    for machine in made.of_type(MACHINE):
        assert machine.plain("template") == "debian-by-hand"
        assert machine.plain("imageSha256") == image.plain("sha256")
