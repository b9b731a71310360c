"""The JSON Schema is fresh, and what is shipped fits the models."""

import json
import re
import shutil
from pathlib import Path

import pytest
import yaml

from config import schema
from config.load import load_file
from config.model import Spec
from config.site import SiteSpec
from config.stack import StackConfig, StackFile
from tests.unit.config.lab_folder import CASES

STACKS = Path(schema.__file__).parent.parent / "stacks"


@pytest.fixture
def stacks(tmp_path: Path) -> Path:
    """A copy of the shipped stacks, which a test may spoil."""
    return Path(shutil.copytree(STACKS, tmp_path / "stacks"))


def models(of: type[Spec]) -> set[type[Spec]]:
    found, waiting = set[type[Spec]](), [of]
    while waiting:
        model = waiting.pop()
        found.add(model)
        for field in model.model_fields.values():
            kinds = (field.annotation, *getattr(field.annotation, "__args__", ()))
            waiting += [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Spec)]
    return found


def test_the_shipped_schema_and_stacks_are_as_the_models_say(capsys: pytest.CaptureFixture[str]) -> None:
    status = schema.main(["--check"])
    assert (status, capsys.readouterr().err) == (0, "")


def test_a_stale_schema_is_found_and_written_anew(stacks: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (stacks / "schema.json").write_text("{}\n")
    assert schema.main(["--check"], stacks) == 1
    assert "schema.json: is not what config/ says; run `make schema`" in capsys.readouterr().err
    assert schema.main([], stacks) == 0
    assert schema.main(["--check"], stacks) == 0


def test_a_missing_schema_is_stale(stacks: Path) -> None:
    (stacks / "schema.json").unlink()
    assert schema.main(["--check"], stacks) == 1


def test_a_shipped_stack_that_does_not_fit_is_found(stacks: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stack = stacks / "Pulumi.containerd.yaml"
    stack.write_text(stack.read_text().replace("role: worker", "role: wroker", 1))
    assert schema.main(["--check"], stacks) == 1
    assert "kubelab:nodes/w1/role: found 'wroker'" in capsys.readouterr().err


def test_a_shipped_stack_that_does_not_name_the_schema_is_found(
    stacks: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stack = stacks / "Pulumi.containerd.yaml"
    stack.write_text(stack.read_text().split("\n", 1)[1])
    assert schema.main(["--check"], stacks) == 1
    assert f"wanted: {schema.FIRST_LINE}" in capsys.readouterr().err


def test_an_example_site_that_does_not_fit_is_found(stacks: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (stacks / "site.example.yaml").write_text("platform: {}\n")
    assert schema.main(["--check"], stacks) == 1
    assert "site.example.yaml: platform: found nothing, wanted: vsphere" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "runtimes"),
    [
        ("containerd", {"cp1": "containerd", "w1": "containerd", "w2": "containerd"}),
        ("docker", {"cp1": "docker", "w1": "docker", "w2": "docker"}),
        ("crio", {"cp1": "crio", "w1": "crio", "w2": "crio"}),
        ("mixed", {"cp1": "containerd", "w1": "docker", "w2": "containerd", "w3": "crio"}),
    ],
)
def test_every_shipped_stack_loads_with_the_example_site(name: str, runtimes: dict[str, str], stacks: Path) -> None:
    stack = stacks / f"Pulumi.{name}.yaml"
    stack.write_text(stack.read_text().replace("../.rig/site.yaml", "site.example.yaml"))
    image = {"system": "debian-13", "file": "./node.ova", "sha256": "a" * 64, "source": "a test", "date": "2026-11-27"}
    (stacks / "images.lock.yaml").write_text(yaml.safe_dump({"images": {"debian-13": image}}))
    (stacks / "node.ova").touch()
    lab = load_file(stack, {})
    assert {node.name: node.runtime for node in lab.nodes} == runtimes
    assert [node.name for node in lab.control_planes] == ["cp1"]
    assert lab.warnings == ()


@pytest.mark.parametrize("runtime", ["docker", "crio"])
def test_the_stacks_of_one_runtime_differ_in_its_word_alone(runtime: str) -> None:
    of_containerd = written(STACKS / "Pulumi.containerd.yaml")
    assert written(STACKS / f"Pulumi.{runtime}.yaml") == of_containerd.replace("containerd", runtime)


def written(stack: Path) -> str:
    """A stack file's text without the salt that Pulumi gives it on each machine."""
    return re.sub(r"^encryptionsalt: .*\n", "", stack.read_text(), flags=re.MULTILINE)


def test_the_schema_knows_the_runtimes_that_can_be_chosen() -> None:
    definitions = json.loads(schema.schema_text())["$defs"]
    cluster = definitions["ClusterSpec"]["properties"]
    assert cluster["runtime"]["enum"] == ["containerd", "crio", "docker"]
    assert cluster["runtimeVersions"]["propertyNames"]["enum"] == ["containerd", "crio", "docker", "criDockerd"]
    assert definitions["NodeSpec"]["properties"]["runtime"]["enum"] == ["containerd", "crio", "docker"]


def test_an_unknown_argument_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert schema.main(["--chek"]) == 2
    assert "usage:" in capsys.readouterr().err


def test_the_schema_allows_what_is_pulumis_own_and_nothing_else() -> None:
    whole = json.loads(schema.schema_text())
    assert whole["additionalProperties"] is False
    assert {"config", "encryptionsalt", "secretsprovider"} <= set(whole["properties"])
    config = whole["properties"]["config"]
    assert config["additionalProperties"] is False
    (others,) = config["patternProperties"]
    assert re.search(others, "pulumi:tags")
    assert not re.search(others, "kubelab:clsuter")


def test_every_reference_of_the_schema_leads_somewhere() -> None:
    text = schema.schema_text()
    references = set(re.findall(r'"#/\$defs/(\w+)"', text))
    assert references
    assert references <= set(json.loads(text)["$defs"])


@pytest.mark.parametrize(
    "model",
    sorted(models(StackFile) | models(StackConfig) | models(SiteSpec), key=str),
    ids=lambda model: model.__name__,
)
def test_every_field_is_described_in_a_sentence_for_users(model: type[Spec]) -> None:
    assert model.__doc__
    assert all(field.description for field in model.model_fields.values())


def test_the_valid_cases_have_only_keys_of_the_schema() -> None:
    allowed = set(json.loads(schema.schema_text())["properties"]["config"]["properties"])
    for case in (CASES / "valid").glob("*/Pulumi.lab.yaml"):
        assert set(re.findall(r"^  (kubelab:\w+)", case.read_text(), re.MULTILINE)) <= allowed
