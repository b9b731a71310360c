"""What Kubernetes takes: the committed facts are what its own source says, and say what the checks rely on."""

import json
import shutil
from pathlib import Path

import pytest

from config.kubernetes.facts import facts, minors
from config.versions import MINORS
from rig.mirror import versions
from rig.mirror.programs.binaries import SHARED
from upstream import generation, modules

GO_MOD = """module k8s.io/kubernetes

go 1.26.0

require (
	k8s.io/api v0.0.0
)

replace (
	k8s.io/api => ./staging/src/k8s.io/api
	k8s.io/kubelet => ./staging/src/k8s.io/kubelet
)
"""


@pytest.mark.host
@pytest.mark.timeout(1800)
@pytest.mark.case("D14")
def test_the_facts_of_the_labs_kubernetes_are_what_its_source_says() -> None:
    """By the module that the lab's own programs are built of, whose packages are compiled by then."""
    go = shutil.which("go")
    assert go is not None, "no Go on PATH; run: make setup"
    minor = versions.KUBERNETES_MINOR
    assert generation.VERSIONS[minor] == versions.KUBERNETES
    assert generation.file_of(minor).read_text() == generation.generated_in(SHARED, versions.KUBERNETES, Path(go))


def test_there_are_facts_of_every_kubernetes_that_can_be_chosen() -> None:
    assert set(minors()) == set(MINORS)


@pytest.mark.parametrize("minor", minors())
def test_a_file_of_facts_is_of_the_version_that_is_generated_and_small(minor: str) -> None:
    assert facts(minor).version == generation.VERSIONS[minor]
    assert facts(minor).minor == minor
    assert generation.file_of(minor).stat().st_size < 100 * 1024


@pytest.mark.parametrize("minor", minors())
def test_every_type_of_a_field_is_one_that_the_check_knows(minor: str) -> None:
    known = facts(minor)
    kinds = {kind for fields in known.structures.values() for kind in fields.values()}
    plain = {kind.replace("[]", "").replace("{}", "") for kind in kinds} - set(known.structures)
    numbers = {"int", "int32", "int64", "uint32", "float32", "float64"}
    forms = {"bool", "string", "duration", "durationOrNanoseconds", "span", "quantity", "size", "threshold", "time"}
    assert plain <= numbers | forms


@pytest.mark.parametrize("minor", minors())
def test_words_and_keys_belong_to_fields_that_are_there(minor: str) -> None:
    known = facts(minor)
    for field in (*known.words, *known.keys):
        structure, _, name = field.partition(".")
        assert name in known.structures[structure]


def test_the_module_of_a_version_has_its_parts_as_they_are_published() -> None:
    text = modules.go_mod(GO_MOD, "1.36.3")
    assert text.startswith("module kubelab/upstream\n")
    assert "k8s.io/api => k8s.io/api v0.36.3\n" in text
    assert text.endswith("require k8s.io/kubernetes v1.36.3\n")
    assert "staging" not in text


def test_a_file_of_facts_says_what_it_is_made_by_and_is_json() -> None:
    text = generation.rendered("1.36.3", {"arguments": {"etcd": {"name": "string"}}, "kubeletFlags": ["config"]})
    assert json.loads(text) == {
        "version": "1.36.3",
        "generatedBy": "python -m upstream",
        "arguments": {"etcd": {"name": "string"}},
        "kubeletFlags": ["config"],
    }
