"""The files of an apt repository, made of packages."""

from pathlib import Path

import pytest

from rig.mirror.apt.deb import build_packages
from rig.mirror.apt.repositories import build_repository, crio, debian, docker, pool_name, repositories
from rig.mirror.debian import BOOKWORM, TRIXIE
from tests.unit.rig.mirror.apt_content import DEBS, SOCAT
from toolchain.errors import SetupError

pytestmark = pytest.mark.host


def test_a_package_that_two_parts_brought_is_listed_once(tmp_path: Path, programs: dict[str, Path]) -> None:
    debs: list[Path] = []
    for directory in (tmp_path / "one", tmp_path / "two"):
        build_packages((SOCAT,), programs, "amd64", directory, tmp_path / "log")
        debs += directory.iterdir()
    build_repository(debian(TRIXIE, "amd64"), debs, "amd64", tmp_path / "apt")
    index = tmp_path / "apt/debian/dists/trixie/main/binary-amd64/Packages"
    assert index.read_text().count("Package: socat") == 1


def test_a_repository_is_the_same_for_the_same_packages(tmp_path: Path, programs: dict[str, Path]) -> None:
    packages = DEBS["docker-debian-13"]
    build_packages(packages, programs, "amd64", tmp_path / "debs", tmp_path / "log")
    debs = sorted((tmp_path / "debs").iterdir())
    for name, order in (("one", debs), ("two", debs[::-1])):
        build_repository(docker(TRIXIE, "amd64"), order, "amd64", tmp_path / name)
    files = sorted(file for file in (tmp_path / "one").rglob("*") if file.is_file())
    assert len(files) == len(packages) + len(("Packages", "Packages.gz", "Release"))
    for file in files:
        assert (tmp_path / "two" / file.relative_to(tmp_path / "one")).read_bytes() == file.read_bytes()


def test_a_broken_package_is_refused_by_the_place_it_lies_at(tmp_path: Path, programs: dict[str, Path]) -> None:
    build_packages((SOCAT,), programs, "amd64", tmp_path / "debs", tmp_path / "log")
    broken = tmp_path / "debs" / "jq_1.6-2.1_amd64.deb"
    broken.write_bytes(b"half of a package")
    with pytest.raises(SetupError, match=f"apt repository debian-13: apt-ftparchive cannot read {broken}; remove"):
        build_repository(debian(TRIXIE, "amd64"), (tmp_path / "debs").iterdir(), "amd64", tmp_path / "apt")


def test_a_repository_without_packages_is_one_all_the_same(tmp_path: Path) -> None:
    repository = crio("amd64")
    build_repository(repository, (), "amd64", tmp_path)
    assert (tmp_path / repository.path / "Packages").read_bytes() == b""
    assert " Packages\n" in (tmp_path / repository.path / "Release").read_text()


def test_file_names_in_a_pool_have_no_epoch() -> None:
    assert pool_name("socat_1%3a1.7-1_amd64.deb") == "socat_1.7-1_amd64.deb"
    assert pool_name("jq_1.6-2.1_amd64.deb") == "jq_1.6-2.1_amd64.deb"


def test_releases_share_a_vendors_address_and_have_suites_and_pools_of_their_own() -> None:
    for of_vendor in (docker, debian):
        old, new = of_vendor(BOOKWORM, "amd64"), of_vendor(TRIXIE, "amd64")
        assert (old.path, old.key) == (new.path, new.key)
        assert {old.release["Suite"], new.release["Suite"]} == {"bookworm", "trixie"}
        places = [(each.name, each.release_directory, each.index_directory, each.pool) for each in (old, new)]
        assert all(mine != others for mine, others in zip(*places, strict=True))


def test_a_suite_lists_no_package_of_another_release(built: Path) -> None:
    for guest, other in ((BOOKWORM, TRIXIE), (TRIXIE, BOOKWORM)):
        index = built / f"docker/dists/{guest.codename}/stable/binary-amd64/Packages"
        assert guest.vendor_suffix in index.read_text()
        assert other.vendor_suffix not in index.read_text()


def test_a_mirror_has_the_vendors_repositories_once_for_each_release() -> None:
    names = [each.name for each in repositories([TRIXIE], "amd64")]
    assert names == ["kubernetes", "crio", "docker-debian-13", "debian-13"]
    both = [each.name for each in repositories([TRIXIE, BOOKWORM], "amd64")]
    assert both == [*names, "docker-debian-12", "debian-12"]
