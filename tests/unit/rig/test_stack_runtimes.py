"""Which runtimes a stack file asks for, and the parts that follow from it."""

import textwrap
from pathlib import Path

import pytest

from components.runtimes import RUNTIMES as PRODUCTS_RUNTIMES
from config import releases
from rig.catalog import parts_for
from rig.mirror.parts import mirror_parts, runtime_parts
from rig.mirror.runtimes import RUNTIMES
from rig.stack_runtimes import runtimes_of
from toolchain.build.part import Part, cache_keys, in_order
from toolchain.build.store import Store
from toolchain.errors import SetupError
from toolchain.layout import Layout

ROOT = Path(__file__).parents[3]
MIXED = """
    config:
      kubelab:cluster: {runtime: containerd}
      kubelab:nodes:
        cp1: {role: controlPlane}
        w1: {role: worker, runtime: docker}
        w2: {role: worker, runtime: crio}
"""


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """This project with an empty cache of its own."""
    return Layout(ROOT, tmp_path / ".rig", tmp_path / "cache", tmp_path / "run")


def stack(directory: Path, text: str, name: str = "lab") -> Path:
    (directory / f"Pulumi.{name}.yaml").write_text(textwrap.dedent(text))
    return directory


def names(parts: tuple[Part, ...]) -> set[str]:
    return {part.name for part in parts}


def test_a_node_has_the_clusters_runtime_or_one_of_its_own(tmp_path: Path) -> None:
    assert runtimes_of("lab", stack(tmp_path, MIXED)) == {"containerd", "docker", "crio"}


def test_the_clusters_runtime_does_not_count_where_every_node_has_another(tmp_path: Path) -> None:
    text = "config: {kubelab:cluster: {runtime: docker}, kubelab:nodes: {cp1: {runtime: crio}}}"
    assert runtimes_of("lab", stack(tmp_path, text)) == {"crio"}


def test_a_stack_that_names_no_runtime_gets_the_products_default(tmp_path: Path) -> None:
    text = "config: {kubelab:nodes: {cp1: {role: controlPlane}}}"
    assert runtimes_of("lab", stack(tmp_path, text)) == {releases.default_runtime()}


def test_a_fully_qualified_name_is_of_the_same_file(tmp_path: Path) -> None:
    directory = stack(tmp_path, "config: {kubelab:cluster: {runtime: crio}}")
    assert runtimes_of("organization/kubelab/lab", directory) == {"crio"}


@pytest.mark.parametrize(
    "text", ["", "config:", "config: [1]", "config: {kubelab:cluster: 7, kubelab:nodes: {a: null}}"]
)
def test_a_file_that_the_product_would_refuse_is_read_all_the_same(tmp_path: Path, text: str) -> None:
    assert runtimes_of("lab", stack(tmp_path, text)) == {"containerd"}


def test_a_stack_without_file_is_an_error_that_names_the_others(tmp_path: Path) -> None:
    stack(tmp_path, "", "crio")
    stack(tmp_path, "", "docker")
    with pytest.raises(SetupError, match=r"no file .*Pulumi.mxied.yaml; choose one of crio, docker"):
        runtimes_of("mxied", tmp_path)


def test_the_rig_knows_the_products_words_for_runtimes() -> None:
    assert set(RUNTIMES) == set(PRODUCTS_RUNTIMES)


def test_only_what_the_runtimes_need_is_built() -> None:
    every = names(mirror_parts(RUNTIMES))
    crio, docker = names(mirror_parts({"crio"})), names(mirror_parts({"docker"}))
    assert every - crio == {
        "containerd",
        "packages-containerd",
        "docker-engine",
        "cri-dockerd",
        "cri-dockerd-release",
        "packages-docker",
    }
    assert every - docker == {"cri-o", "pinns", "conmon", "packages-crio"}
    assert not names(mirror_parts({"containerd"})) & {"cri-o", "cri-dockerd", "docker-engine"}


def test_another_runtime_changes_no_part_but_the_repositories() -> None:
    few, many = (cache_keys(in_order(mirror_parts(words)), ROOT) for words in ({"containerd"}, RUNTIMES))
    assert [name for name, key in few.items() if many[name] != key] == ["apt"]


def test_what_is_built_already_is_served_too(layout: Layout) -> None:
    lean = names(parts_for("containerd", layout))
    assert not lean & {"cri-o", "cri-dockerd"}
    keys = cache_keys(in_order(mirror_parts(RUNTIMES)), layout.project)
    store = Store(layout.cache)
    for part in runtime_parts(RUNTIMES["crio"]):
        store.path(part.name, keys[part.name]).mkdir(parents=True)
    assert names(parts_for("containerd", layout)) - lean == {"cri-o", "pinns", "conmon", "packages-crio"}


def test_half_a_runtime_is_not_served(layout: Layout) -> None:
    keys = cache_keys(in_order(mirror_parts(RUNTIMES)), layout.project)
    Store(layout.cache).path("cri-o", keys["cri-o"]).mkdir(parents=True)
    assert "cri-o" not in names(parts_for("containerd", layout))
