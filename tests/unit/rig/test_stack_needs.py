"""What a stack file asks of the lab: runtimes, handlers and guest systems."""

from pathlib import Path

import pytest

from config import releases
from rig.stack_needs import Needs, needs_of
from tests.unit.rig.stack_files import MIXED, OLDER, SANDBOXED, stack
from toolchain.errors import SetupError


def runtimes(directory: Path, name: str = "lab") -> frozenset[str]:
    return needs_of(name, directory).runtimes


def handlers(directory: Path) -> frozenset[str]:
    return needs_of("lab", directory).handlers


def systems(directory: Path) -> frozenset[str]:
    return needs_of("lab", directory).systems


def test_a_node_has_the_clusters_runtime_or_one_of_its_own(tmp_path: Path) -> None:
    assert runtimes(stack(tmp_path, MIXED)) == {"containerd", "docker", "crio"}


def test_the_clusters_runtime_does_not_count_where_every_node_has_another(tmp_path: Path) -> None:
    text = "config: {kubelab:cluster: {runtime: docker}, kubelab:nodes: {cp1: {runtime: crio}}}"
    assert runtimes(stack(tmp_path, text)) == {"crio"}


def test_a_stack_that_names_no_runtime_gets_the_products_default(tmp_path: Path) -> None:
    text = "config: {kubelab:nodes: {cp1: {role: controlPlane}}}"
    assert runtimes(stack(tmp_path, text)) == {releases.default_runtime()}


def test_a_fully_qualified_name_is_of_the_same_file(tmp_path: Path) -> None:
    directory = stack(tmp_path, "config: {kubelab:cluster: {runtime: crio}}")
    assert runtimes(directory, "organization/kubelab/lab") == {"crio"}


def test_the_guest_systems_are_those_of_nodes_with_an_image_of_their_own(tmp_path: Path) -> None:
    assert systems(stack(tmp_path, MIXED)) == set()
    assert systems(stack(tmp_path, OLDER)) == {"debian-12"}


def test_the_handlers_are_those_of_nodes_whose_own_list_stands_over_the_clusters(tmp_path: Path) -> None:
    assert handlers(stack(tmp_path, MIXED)) == set()
    assert handlers(stack(tmp_path, SANDBOXED)) == {"gvisor"}


@pytest.mark.parametrize("node", ["{role: worker}", "{role: worker, handlers: null}"])
def test_a_node_that_says_nothing_has_the_clusters_handlers(tmp_path: Path, node: str) -> None:
    text = f"config: {{kubelab:cluster: {{handlers: [kata, crun]}}, kubelab:nodes: {{w1: {node}}}}}"
    assert handlers(stack(tmp_path, text)) == {"kata", "crun"}


@pytest.mark.parametrize("image", ["{ova: a.ova, sha256: ab}", "null", "7", "[debian-12]"])
def test_an_image_that_is_no_word_names_no_guest_system(tmp_path: Path, image: str) -> None:
    assert systems(stack(tmp_path, f"config: {{kubelab:nodes: {{w1: {{image: {image}}}}}}}")) == set()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "config:",
        "config: [1]",
        "config: {kubelab:cluster: 7, kubelab:nodes: {a: null}}",
        "config: {kubelab:cluster: {handlers: gvisor}, kubelab:nodes: {a: {handlers: [7, {}]}, b: {handlers: kata}}}",
    ],
)
def test_a_file_that_the_product_would_refuse_is_read_all_the_same(tmp_path: Path, text: str) -> None:
    assert needs_of("lab", stack(tmp_path, text)) == Needs(frozenset({"containerd"}), frozenset())


def test_a_stack_without_file_is_an_error_that_names_the_others(tmp_path: Path) -> None:
    stack(tmp_path, "", "crio")
    stack(tmp_path, "", "docker")
    with pytest.raises(SetupError, match=r"no file .*Pulumi.mxied.yaml; choose one of crio, docker"):
        needs_of("mxied", tmp_path)
