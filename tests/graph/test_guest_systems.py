"""Each guest system in the graph: what of a node's steps goes by what its image holds."""

from pathlib import Path

import pytest
import yaml

from components.guest_systems import GUEST_SYSTEMS
from config import LabConfig
from config.load import load_file
from tests.graph.conftest import PASSWORD, registered, shipped, site
from tests.graph.recording import Graph
from tests.graph.test_order import step
from tests.graph.test_steps import given

EACH = pytest.mark.parametrize("word", GUEST_SYSTEMS)
VERSIONS = {"docker": "29.7.2"}
"""Of Docker, one that each of them has."""


def loaded(folder: Path, systems: dict[str, str], lock: dict[str, object]) -> LabConfig:
    """The mixed stack without mirrors, each node with the image of that word."""
    declared = shipped("mixed")
    declared["cluster"]["runtimeVersions"] = VERSIONS
    for name, word in systems.items():
        declared["nodes"][name]["image"] = word
    declared["site"] = "site.yaml"
    config = {f"kubelab:{key}": value for key, value in declared.items()}
    (folder / "Pulumi.mixed.yaml").write_text(yaml.safe_dump({"config": config}))
    without_mirrors = {**site(), "mirrors": {}}
    del without_mirrors["platform"]["vsphere"]["tls"]
    (folder / "site.yaml").write_text(yaml.safe_dump(without_mirrors))
    (folder / "images.lock.yaml").write_text(yaml.safe_dump({"images": lock}))
    (folder / "node.ova").touch()
    return load_file(folder / "Pulumi.mixed.yaml", {"KUBELAB_VSPHERE_PASSWORD": PASSWORD})


def lock() -> dict[str, object]:
    """A lock file that knows an image of each system."""
    return {
        word: {
            "system": word,
            "file": "./node.ova",
            "sha256": f"{number}" * 64,
            "source": "a test",
            "date": "2026-11-27",
        }
        for number, word in enumerate(GUEST_SYSTEMS)
    }


@EACH
def test_every_step_of_a_node_goes_by_the_system_of_its_image(word: str, tmp_path: Path) -> None:
    system = GUEST_SYSTEMS[word]
    lab = loaded(tmp_path, dict.fromkeys(("cp1", "w1", "w2", "w3"), word), lock())
    graph = registered(lab)
    for node in lab.nodes:
        assert given(step(graph, "00-preflight.sh", node.name), "GUEST_SYSTEM") == system.identification
        files = given(step(graph, "10-prepare-os.sh", node.name), "FILES")
        docker = f"URIs: https://download.docker.com/linux/{system.id}\nSuites: {system.codename}\nComponents: stable\n"
        assert (docker in files) == (node.runtime != "crio")
        assert "URIs: https://pkgs.k8s.io/core:/stable:/v1.36/deb/\n" in files
        packages = given(step(graph, "30-install-kubernetes.sh", node.name), "SYSTEM_PACKAGES")
        assert packages.split() == list(system.packages)


def test_one_lab_may_have_several_systems_and_imports_each_image_once(tmp_path: Path) -> None:
    systems = {"cp1": "debian-13", "w1": "ubuntu-26.04", "w2": "ubuntu-24.04", "w3": "ubuntu-24.04"}
    graph = registered(loaded(tmp_path, systems, lock()))
    for name, word in systems.items():
        assert given(step(graph, "00-preflight.sh", name), "GUEST_SYSTEM") == GUEST_SYSTEMS[word].identification
    assert len(images(graph)) == 3


def test_one_image_under_two_words_is_imported_once(tmp_path: Path) -> None:
    known = lock()
    known["mine"] = known["debian-13"]
    graph = registered(loaded(tmp_path, dict.fromkeys(("cp1", "w1", "w3"), "debian-13") | {"w2": "mine"}, known))
    assert len(images(graph)) == 1


def images(graph: Graph) -> list[str]:
    """The names of what is imported into the host."""
    return [resource.name for resource in graph.of_type("kubelab:index:Image")]
