"""Which Pythons .venv is made of: those from 3.11 to 3.14; any other is refused in one plain line."""

import os
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[3]
SCRIPT = ROOT / "toolchain" / "make-venv.sh"
WANTED = "wanted one from 3.11 to 3.14 with its venv module; name another or unset it, then run this again"


def python(folder: Path, version: str) -> Path:
    """One that says it is of this version, and makes no virtual environment."""
    file = folder / f"python-{version}"
    own = f"import sys; sys.version_info = tuple(map(int, {version!r}.split('.'))); exec(sys.argv[1])"
    file.write_text(
        f"""#!/bin/sh
case "$1" in
  -c) exec {shlex.quote(sys.executable)} -c {shlex.quote(own)} "$2" ;;
  --version) echo "Python {version}" ;;
  *) exit 1 ;;
esac
"""
    )
    file.chmod(0o755)
    return file


def made(folder: Path, *pythons: Path | str) -> subprocess.CompletedProcess[str]:
    """Makes .venv in the folder of the first of these that will do."""
    (folder / "requirements.lock").touch()
    environ = {**os.environ, "PYTHON": " ".join(map(str, pythons))}
    return subprocess.run(["bash", SCRIPT], cwd=folder, env=environ, capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize("version", ["2.7.18", "3.10.13", "3.15.0", "4.0.0"])
def test_a_python_that_is_too_old_or_too_new_is_refused_in_one_line(tmp_path: Path, version: str) -> None:
    file = python(tmp_path, version)
    done = made(tmp_path, file)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"error: virtual environment: PYTHON={file} is Python {version}, {WANTED}\n"
    assert not (tmp_path / ".venv").exists()


def test_what_is_no_python_at_all_is_refused_in_one_line(tmp_path: Path) -> None:
    done = made(tmp_path, "/nowhere/python3")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"error: virtual environment: PYTHON=/nowhere/python3 is no Python, {WANTED}\n"


@pytest.mark.parametrize("version", ["3.11.0", "3.12.1", "3.13.15", "3.14.10"])
def test_the_first_python_that_will_do_is_taken(tmp_path: Path, version: str) -> None:
    others = [python(tmp_path, each) for each in ("3.10.13", "3.15.0")]
    done = made(tmp_path, *others, python(tmp_path, version))
    assert done.stdout == f"making .venv (Python {version})\n"


def test_the_projects_own_file_says_the_same() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    versions = SpecifierSet(project["requires-python"])
    assert [minor for minor in range(30) if f"3.{minor}.9" in versions] == [11, 12, 13, 14]
