"""The files of an apt repository, made of packages."""

from pathlib import Path

import pytest

from rig.mirror.apt.deb import build_packages
from rig.mirror.apt.repositories import build_repository, crio, debian, docker, pool_name
from rig.mirror.debian import source_lines
from tests.unit.rig.mirror.apt_content import DEBS, SOCAT
from toolchain.errors import SetupError

pytestmark = pytest.mark.host


def test_a_package_that_two_parts_brought_is_listed_once(tmp_path: Path, programs: dict[str, Path]) -> None:
    debs: list[Path] = []
    for directory in (tmp_path / "one", tmp_path / "two"):
        build_packages((SOCAT,), programs, "amd64", directory, tmp_path / "log")
        debs += directory.iterdir()
    build_repository(debian("amd64"), debs, "amd64", tmp_path / "apt")
    index = tmp_path / "apt/debian/dists/bookworm/main/binary-amd64/Packages"
    assert index.read_text().count("Package: socat") == 1


def test_a_repository_is_the_same_for_the_same_packages(tmp_path: Path, programs: dict[str, Path]) -> None:
    packages = DEBS["docker"]
    build_packages(packages, programs, "amd64", tmp_path / "debs", tmp_path / "log")
    debs = sorted((tmp_path / "debs").iterdir())
    for name, order in (("one", debs), ("two", debs[::-1])):
        build_repository(docker("amd64"), order, "amd64", tmp_path / name)
    files = sorted(file for file in (tmp_path / "one").rglob("*") if file.is_file())
    assert len(files) == len(packages) + len(("Packages", "Packages.gz", "Release"))
    for file in files:
        assert (tmp_path / "two" / file.relative_to(tmp_path / "one")).read_bytes() == file.read_bytes()


def test_a_broken_package_is_refused_by_the_place_it_lies_at(tmp_path: Path, programs: dict[str, Path]) -> None:
    build_packages((SOCAT,), programs, "amd64", tmp_path / "debs", tmp_path / "log")
    broken = tmp_path / "debs" / "jq_1.6-2.1_amd64.deb"
    broken.write_bytes(b"half of a package")
    with pytest.raises(SetupError, match=f"apt repository debian: apt-ftparchive cannot read {broken}; remove"):
        build_repository(debian("amd64"), (tmp_path / "debs").iterdir(), "amd64", tmp_path / "apt")


def test_a_repository_without_packages_is_one_all_the_same(tmp_path: Path) -> None:
    repository = crio("amd64")
    build_repository(repository, (), "amd64", tmp_path)
    assert (tmp_path / repository.path / "Packages").read_bytes() == b""
    assert " Packages\n" in (tmp_path / repository.path / "Release").read_text()


def test_file_names_in_a_pool_have_no_epoch() -> None:
    assert pool_name("socat_1%3a1.7-1_amd64.deb") == "socat_1.7-1_amd64.deb"
    assert pool_name("jq_1.6-2.1_amd64.deb") == "jq_1.6-2.1_amd64.deb"


def test_debian_sources_are_the_hosts_own_without_its_other_suites() -> None:
    told = [
        "http://archive.example/debian/|bookworm|main",
        "http://archive.example/debian/|bookworm|main",
        "http://archive.example/debian/|bookworm-backports|main",
        "http://archive.example/debian/|bookworm|non-free",
        "http://security.example/|bookworm-security|main",
        "http://other.example/apt/|stable|main",
        "",
    ]
    options = "[arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]"
    assert source_lines(told, "amd64") == [
        f"deb {options} http://archive.example/debian/ bookworm main",
        f"deb {options} http://security.example/ bookworm-security main",
    ]
