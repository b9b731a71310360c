"""What an image of a stack has inside, and how that is said to whoever makes it."""

import json
import re
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from baking.__main__ import main
from baking.baked import Baked, baked
from components.runtimes import RUNTIMES
from components.step import declared_inputs, read_step
from config import ImageConfig, RegistryConfig
from tests.unit.components import labs
from tests.unit.config.lab_folder import LabFolder

FILES = ["10-prepare-os.sh", "20-install-{}.sh", "30-install-kubernetes.sh", "37-leave-image.sh"]
IMAGE = ImageConfig("", "0" * 64, "debian-13")


def of_image(image: ImageConfig = IMAGE) -> Baked:
    nodes = tuple(replace(node, image=image) for node in labs.MIXED.nodes)
    return baked(replace(labs.MIXED, nodes=nodes))


def value(text: str, name: str) -> str:
    """What a step's shell is told of one input."""
    found = re.search(rf"^{name}=('[^']*'|\S*)$", text, re.MULTILINE)
    assert found is not None, name
    return found[1].strip("'")


def test_each_runtime_of_a_stack_is_inside_by_the_steps_of_its_nodes() -> None:
    inside = of_image()
    words = list(dict.fromkeys(node.runtime for node in labs.MIXED.nodes))
    assert len(words) > 1
    assert list(inside.runtimes) == words
    assert [step.file for step in inside.steps] == [file.format(word) for word in words for file in FILES]


def test_the_steps_are_those_of_a_node_under_a_name_that_none_has() -> None:
    inside = of_image()
    assert inside.name == "debian-13-image"
    assert {value(step.text, "NODE_NAME") for step in inside.steps} == {inside.name}
    for step in inside.steps:
        assert all(f"{name}=" in step.text for name in declared_inputs(read_step(step.file)))


def test_packages_are_those_of_the_image_s_system() -> None:
    assert "Suites: trixie" in of_image().steps[0].text
    assert "Suites: bookworm" in of_image(replace(IMAGE, system="debian-12")).steps[0].text


def test_the_control_planes_images_are_inside_with_its_runtime() -> None:
    (control_plane,) = labs.MIXED.control_planes
    first, *others = [step for step in of_image().steps if step.file == FILES[2]]
    assert next(iter(of_image().runtimes)) == control_plane.runtime
    assert value(first.text, "IMAGES") == "."
    assert all(value(step.text, "IMAGES") != "." for step in others)


def test_files_with_a_password_are_named_to_be_taken_out_again() -> None:
    site = replace(labs.SITE, registries=(*labs.SITE.registries, labs.GUARDED_MIRROR))
    lab = replace(labs.MIXED, site=site, nodes=(labs.CONTROL_PLANE,))
    (last,) = [step for step in baked(lab).steps if step.file == FILES[3]]
    named = value(last.text, "SECRET_FILES") if "\n" not in last.text else last.text
    assert f"/etc/containerd/certs.d/{labs.GUARDED_MIRROR.host}/hosts.toml" in named
    assert isinstance(labs.GUARDED_MIRROR, RegistryConfig)
    assert labs.GUARDED_MIRROR.password is not None
    assert labs.GUARDED_MIRROR.password.get_secret_value() not in last.text


def test_it_is_said_as_json_for_a_stack_whose_image_is_not_there(
    minimal: LabFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    minimal.edit_site("ova: node.ova", "ova: https://images.test/no.ova")
    assert main([str(minimal.stack), "debian-13"], {}) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["stack"] == "lab"
    assert set(said["runtimes"]) <= set(RUNTIMES)
    assert set(said) == set(asdict(of_image()))


def test_faults_of_the_files_are_said_as_everywhere(minimal: LabFolder, capsys: pytest.CaptureFixture[str]) -> None:
    minimal.edit_site("datastore: ds1", "datastor: ds1")
    assert main([str(minimal.stack), "debian-13"], {}) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert "platform/vsphere/datastor: " in output.err


def test_a_stack_file_that_is_not_there_is_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "Pulumi.none.yaml"), "debian-13"], {}) == 1
    assert "Pulumi.none.yaml" in capsys.readouterr().err
