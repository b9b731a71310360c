"""The shape of components/: what a reader of any one of them may take for granted in all its source."""

import ast
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from components.guest_systems import GUEST_SYSTEMS
from components.handlers import HANDLERS
from components.pod_networks import POD_NETWORKS
from components.runtimes import RUNTIMES
from tests.graph.conftest import PROJECT

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
    assert set(COMPONENTS) == {"Lab", "Machine", "Existing", "Node", "Cluster", "Worker"}
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


def test_only_the_modules_of_the_two_kinds_of_machines_name_the_plugins_resources() -> None:
    definers = {
        module
        for module, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and str(node.value).startswith("kubelab:index:")
    }
    assert definers == {"vsphere.py", "existing_machine.py"}
    assert {module for module, _ in classes_deriving_from("CustomResource").values()} == definers


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
    words |= {runtime.adapter.name for runtime in RUNTIMES.values() if runtime.adapter}
    read = {f"config/{path.name}": ast.parse(path.read_text()) for path in files(PROJECT / "config")}
    assert len(read) > 10
    knowing = {
        module
        for module, tree in {**TREES, **read}.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and node.value in words and not module.startswith("runtimes/")
    }
    # Names of repositories and packages, of which some are also a runtime's, and what is said of versions out of date.
    systems = {"guest_families/debian.py", "guest_families/ubuntu.py", "guest_systems/ubuntu_26_04.py"}
    # Whoever is configured in runtimes says in which, and how.
    carried = {f"handlers/{name}.py" for name in HANDLERS}
    assert knowing <= {"apt.py", "records/traces.py", "config/retired.py", *systems, *carried}


RECORDS: Mapping[str, Mapping[str, Any]] = {
    "runtimes": RUNTIMES,
    "handlers": HANDLERS,
    "pod_networks": POD_NETWORKS,
    "guest_systems": GUEST_SYSTEMS,
}


@pytest.mark.parametrize("folder", RECORDS)
def test_every_file_of_a_folder_of_records_is_one_of_them(folder: str) -> None:
    modules = [module for module in TREES if module.startswith(f"{folder}/") and not module.endswith("__init__.py")]
    assert len(RECORDS[folder]) == len(modules) > 0


# A node without handlers has none.
@pytest.mark.parametrize("folder", sorted(set(RECORDS) - {"handlers"}))
def test_one_record_of_each_kind_is_the_default(folder: str) -> None:
    assert len([record for record in RECORDS[folder].values() if record.is_default]) == 1


@pytest.mark.parametrize(
    ("words", "record"),
    [
        ("flannel", "pod_networks/flannel.py"),
        (r"bookworm|debian.?12", "guest_systems/debian_12.py"),
        ("trixie", "guest_systems/debian_13.py"),
        ("jammy", "guest_systems/ubuntu_22_04.py"),
        ("noble", "guest_systems/ubuntu_24_04.py"),
        ("resolute", "guest_systems/ubuntu_26_04.py"),
    ],
)
def test_only_its_own_record_names_a_pod_network_or_a_guest_system(words: str, record: str) -> None:
    naming = {
        str(path.relative_to(PROJECT))
        for folder in ("components", "config", "doctor")
        for path in files(PROJECT / folder)
        if re.search(words, path.read_text(), re.IGNORECASE)
    }
    assert naming == {f"components/{record}"}


def test_records_can_be_read_without_pulumi_and_without_what_a_user_may_write() -> None:
    """So that config/ can ask them which words and versions there are."""
    program = (
        "import sys, components.runtimes, components.pod_networks, components.guest_systems as systems;"
        "[*components.runtimes.RUNTIMES, *components.pod_networks.POD_NETWORKS, *systems.GUEST_SYSTEMS];"
        "print(*sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True)
    loaded = ran.stdout.split()
    assert "components.pod_networks.flannel" in loaded
    assert not {"pulumi", "pulumi_command", "grpc"} & set(loaded)


def imports_of(tree: ast.Module) -> set[str]:
    """The modules of config/ that a module names."""
    named = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    return {name for name in named if name.partition(".")[0] == "config"}


def test_records_know_of_config_the_types_of_a_lab_and_facts_on_kubernetes_alone() -> None:
    open_, seen = list(RECORDS), set()
    while open_:
        module = open_.pop()
        if module in seen:
            continue
        seen.add(module)
        paths = [name for name in TREES if name == f"{module}.py" or name.startswith(f"{module}/")]
        for tree in (TREES[name] for name in paths):
            open_ += [
                (node.module or "").removeprefix("components.").replace(".", "/")
                for node in ast.walk(tree)
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("components.")
            ]
            assert imports_of(tree) <= {"config.lab", "config.platform", "config.versions"}, paths
    assert {"apt", "records/traces", "records/runtime", "records/discovery"} <= seen


def test_every_step_is_a_script_with_a_pure_environment() -> None:
    steps = {
        name: tree for name, tree in TREES.items() if name.startswith("steps/") and "step import" in ast.unparse(tree)
    }
    assert len(steps) > 8
    for name, tree in steps.items():
        assert "environment" in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, name
    knowing = [
        name for name, tree in TREES.items() if name.startswith("steps/") and "import pulumi" in ast.unparse(tree)
    ]
    assert knowing == []


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.suffix in (".py", ".sh")]
