"""requirements.lock: all that is installed, each by hashes, and nothing that is of one machine alone."""

import hashlib
import os
import re
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[3]
LOCK = (ROOT / "requirements.lock").read_text()
ENTRIES = {
    canonicalize_name(name): (version, hashes.count("--hash=sha256:"))
    for name, version, hashes in re.findall(
        r"^([\w.-]+)==(\S+) \\\n((?:    --hash=\S+(?: \\)?\n)+)", LOCK, re.MULTILINE
    )
}
DIRECT = [
    Requirement(line)
    for file in ("requirements.txt", "requirements-dev.txt")
    for line in (ROOT / file).read_text().splitlines()
    if line and not line.startswith(("#", "-r "))
]


@pytest.mark.case("T13")
def test_every_line_of_the_lock_is_a_package_with_hashes() -> None:
    packages = [line for line in LOCK.splitlines() if not line.startswith(("#", "    --hash=sha256:"))]
    assert packages == [line for line in packages if re.fullmatch(r"[\w.-]+==\S+ \\", line)]
    assert len(packages) == len(ENTRIES) > len(DIRECT)
    assert all(count > 0 for _, count in ENTRIES.values())


@pytest.mark.case("T13")
@pytest.mark.parametrize("direct", DIRECT, ids=str)
def test_a_direct_pin_is_in_the_lock_with_the_same_version(direct: Requirement) -> None:
    version, _ = ENTRIES[canonicalize_name(direct.name)]
    assert direct.specifier.contains(version), f"{direct}: the lock has {version}; run: make lock"


@pytest.mark.case("T13")
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13", "3.14"])
def test_what_a_locked_package_needs_is_locked_too(python: str) -> None:
    running = {"extra": "", "python_version": python, "python_full_version": f"{python}.0"}
    missing = [
        f"{name} needs {needed}"
        for name in ENTRIES
        for needed in map(Requirement, metadata.requires(name) or ())
        if (needed.marker is None or needed.marker.evaluate(running)) and canonicalize_name(needed.name) not in ENTRIES
    ]
    assert missing == []


@pytest.mark.case("T13")
def test_the_lock_names_no_registry_and_no_path() -> None:
    assert not re.search(r"https?:|--(?!hash=)|(?<![\w.])/", LOCK)


def wheel(directory: Path) -> str:
    """Writes the wheel of an empty package `nothing`; its SHA-256."""
    directory.mkdir()
    file = directory / "nothing-1.0-py3-none-any.whl"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("nothing.py", "")
        archive.writestr("nothing-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: nothing\nVersion: 1.0\n")
        archive.writestr(
            "nothing-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("nothing-1.0.dist-info/RECORD", "")
    return hashlib.sha256(file.read_bytes()).hexdigest()


# Puts pip into an environment that has it by now no second time, which would take longer than all the rest.
PYTHON = f"""#!/bin/bash
[[ "$1 $2" != "-m venv" || ! -e .venv/bin/pip ]] || set -- "$@" --without-pip
exec {sys.executable} "$@"
"""


def make_venv(project: Path, lock: str) -> subprocess.CompletedProcess[str]:
    (project / "requirements.lock").write_text(lock)
    python = project / "python"
    python.write_text(PYTHON)
    python.chmod(0o755)
    environ = {**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(project / "wheels"), "PYTHON": str(python)}
    script = ROOT / "toolchain" / "make-venv.sh"
    return subprocess.run(["bash", str(script)], cwd=project, env=environ, capture_output=True, text=True)


@pytest.mark.case("T13")
def test_a_package_with_other_bytes_or_without_a_hash_is_not_installed(tmp_path: Path) -> None:
    right = wheel(tmp_path / "wheels")
    for lock, reason in (
        (f"nothing==1.0 --hash=sha256:{'0' * 64}\n", "DO NOT MATCH THE HASHES"),
        ("nothing==1.0\n", "Hashes are required"),
    ):
        done = make_venv(tmp_path, lock)
        assert done.returncode == 1
        assert reason in done.stderr
        assert "error: virtual environment: pip could not install requirements.lock" in done.stderr
    assert make_venv(tmp_path, f"nothing==1.0 --hash=sha256:{right}\n").returncode == 0
    assert list((tmp_path / ".venv").rglob("nothing.py"))
