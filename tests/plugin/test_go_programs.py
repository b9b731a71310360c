"""The project's own Go programs: their tests, vet and formatting, with the Go that builds them."""

import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.host

ROOT = Path(__file__).parents[2]
GO = ROOT / ".rig/bin/go"
MODULES = ("rig/esxi", "toolchain/plugins/command")


def run(module: str, *command: str) -> subprocess.CompletedProcess[str]:
    assert GO.exists(), "no Go in .rig/bin; run: make setup"
    return subprocess.run(command, cwd=ROOT / module, capture_output=True, text=True, check=False, timeout=300)


@pytest.mark.parametrize("module", MODULES)
def test_a_go_program_passes_its_own_tests(module: str) -> None:
    result = run(module, str(GO), "test", "./...")
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("module", MODULES)
def test_a_go_program_has_nothing_that_vet_objects_to(module: str) -> None:
    result = run(module, str(GO), "vet", "./...")
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("module", MODULES)
def test_a_go_program_is_formatted(module: str) -> None:
    result = run(module, str(GO.resolve().with_name("gofmt")), "-l", ".")
    assert result.stdout == ""
