"""Who may import whom: the embedded lab the tools, never the other way round, and the product neither."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PRODUCT = ("config", "components", "baking", "provider", "doctor")


def imported(file: Path) -> set[str]:
    """The first words of the names of all modules that a Python file imports, also inside functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None and node.level == 0:
            found.add(node.module.partition(".")[0])
    return found


def importers(package: str, of: set[str]) -> list[str]:
    files = [ROOT / package] if package.endswith(".py") else sorted((ROOT / package).rglob("*.py"))
    assert files, f"no Python files in {package}"
    return [str(file.relative_to(ROOT)) for file in files if imported(file) & of]


@pytest.mark.parametrize("package", [*PRODUCT, "__main__.py"])
def test_the_product_knows_neither_the_tools_nor_the_lab(package: str) -> None:
    assert importers(package, {"toolchain", "images", "rig"}) == []


def test_the_tools_know_nothing_of_the_lab_or_the_product() -> None:
    assert importers("toolchain", {"images", "rig", *PRODUCT}) == []


def test_the_lab_knows_nothing_of_the_product() -> None:
    assert importers("rig", set(PRODUCT)) == []


def test_images_know_nothing_of_the_lab_or_the_product() -> None:
    assert importers("images", {"rig", *PRODUCT}) == []
