"""The shape of components/: what a reader of any one of them may take for granted in all."""

import ast
import re
from pathlib import Path

import pytest

from tests.graph.conftest import PROJECT
from tests.graph.recording import Graph

FOLDER = PROJECT / "components"
TREES = {str(module.relative_to(FOLDER)): ast.parse(module.read_text()) for module in sorted(FOLDER.rglob("*.py"))}


def classes_deriving_from(base: str) -> dict[str, tuple[str, ast.ClassDef]]:
    """Class name -> module and definition, of the classes in components/ with that base."""
    return {
        node.name: (module, node)
        for module, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and any(ast.unparse(parent).endswith(base) for parent in node.bases)
    }


def calls_in(node: ast.AST, name: str) -> list[ast.Call]:
    return [
        call
        for call in ast.walk(node)
        if isinstance(call, ast.Call) and ast.unparse(call.func).rpartition(".")[2] == name
    ]


COMPONENTS = classes_deriving_from("ComponentResource")
EACH_COMPONENT = pytest.mark.parametrize("component", sorted(COMPONENTS))


def test_the_components_are_found() -> None:
    assert {"Lab", "Machine", "Node", "ControlPlane", "PodNetwork", "Worker", "Inspection", "Script"} <= set(COMPONENTS)
    assert "runtimes/docker.py" in TREES


@EACH_COMPONENT
def test_a_component_registers_its_outputs_once_and_last(component: str) -> None:
    _, definition = COMPONENTS[component]
    (constructor,) = [node for node in definition.body if isinstance(node, ast.FunctionDef) and node.name == "__init__"]
    (registration,) = calls_in(definition, "register_outputs")
    last = constructor.body[-1]
    assert isinstance(last, ast.Expr)
    assert last.value is registration


@EACH_COMPONENT
def test_a_components_type_is_kubelab_its_area_and_its_class(component: str) -> None:
    _, definition = COMPONENTS[component]
    (call,) = [call for call in calls_in(definition, "__init__") if ast.unparse(call.func).startswith("super()")]
    assert isinstance(call.args[0], ast.Constant)
    assert re.fullmatch(rf"kubelab:[a-z]+:{component}", str(call.args[0].value))


@EACH_COMPONENT
def test_a_component_says_what_it_is(component: str) -> None:
    assert len(ast.get_docstring(COMPONENTS[component][1]) or "") > 20


def test_only_the_step_knows_the_command_provider() -> None:
    users = {
        module
        for module, tree in TREES.items()
        for node in ast.walk(tree)
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else []
        )
        if name.partition(".")[0] == "pulumi_command"
    }
    assert users == {"script.py"}


def test_only_one_module_names_the_plugins_resources() -> None:
    definers = {
        module
        for module, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and str(node.value).startswith("kubelab:index:")
    }
    assert definers == {"vsphere.py"}
    assert {module for module, _ in classes_deriving_from("CustomResource").values()} == {"vsphere.py"}


def test_the_product_knows_nothing_of_the_embedded_lab() -> None:
    shipped = [
        PROJECT / "__main__.py",
        *(path for folder in ("components", "config", "doctor") for path in files(PROJECT / folder)),
    ]
    assert len(shipped) > 20
    imported = re.compile(r"^\s*(?:from|import) rig\b", re.MULTILINE)
    assert not [path.name for path in shipped if imported.search(path.read_text())]


def test_only_a_runtimes_own_file_knows_which_runtime_it_is() -> None:
    words = {module.partition("/")[2].removesuffix(".py") for module in TREES if module.startswith("runtimes/")}
    words -= {"__init__"}
    assert len(words) > 2
    knowing = {
        module
        for module, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and node.value in words and not module.startswith("runtimes/")
    }
    # Names of repositories and packages, of which some are also a runtime's.
    assert knowing <= {"apt.py", "traces.py"}


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.suffix in (".py", ".sh")]


def test_parents_are_components_only(graph: Graph) -> None:
    for resource in graph:
        if resource.parent:
            parent = graph.by_urn[resource.parent]
            assert not parent.custom, f"{resource.name} is a child of {parent.name}"


def test_everything_has_its_place_below_the_lab(graph: Graph) -> None:
    (lab,) = graph.of_type("kubelab:lab:Lab")
    for resource in graph:
        above = resource
        while above.parent and above is not lab:
            above = graph.by_urn[above.parent]
        assert above is lab or resource.type == "pulumi:pulumi:Stack", resource.name


def test_every_machine_key_and_image_is_made_through_the_labs_own_host(graph: Graph) -> None:
    (vsphere,) = graph.of_type("pulumi:providers:kubelab")
    made = [resource for resource in graph if resource.type.startswith("kubelab:index:")]
    assert made
    for resource in made:
        assert resource.provider.startswith(f"{vsphere.urn}::"), resource.name


def test_everything_made_on_the_host_is_marked_with_project_and_stack(graph: Graph, stack: str) -> None:
    (vsphere,) = graph.of_type("pulumi:providers:kubelab")
    assert vsphere.plain("owner") == f"kubelab/{stack}"


def test_machines_of_one_image_share_it(graph: Graph) -> None:
    (image,) = graph.of_type("kubelab:index:Image")
    assert {machine.plain("image") for machine in graph.of_type("kubelab:index:VirtualMachine")} == {
        f"[ds] {image.name}/disk.vmdk"
    }
