"""The host's packages: which are missing, and which are wanted where."""

from pathlib import Path

import pytest

import rig.up
from toolchain import setup
from toolchain.system import packages

LISTINGS = (setup.PACKAGES, *rig.up.PACKAGES)


def test_a_package_is_missing_when_one_of_its_signs_is(tmp_path: Path) -> None:
    for name in ("dockerd", "ssh"):
        (tmp_path / name).write_text("")
        (tmp_path / name).chmod(0o755)
    listing = "# comment\ndocker.io dockerd docker\nopenssh-client ssh # the client\n"
    assert [package.name for package in packages.missing(packages.parse(listing), str(tmp_path))] == ["docker.io"]


def test_a_header_file_shows_a_development_package(tmp_path: Path) -> None:
    (tmp_path / "stdio.h").write_text("")
    listing = f"libc6-dev {tmp_path}/stdio.h\nlibseccomp-dev {tmp_path}/seccomp.h\n"
    assert [package.name for package in packages.missing(packages.parse(listing), "")] == ["libseccomp-dev"]


@pytest.mark.parametrize("listing", LISTINGS, ids=lambda listing: listing.parent.name)
def test_every_listed_package_has_a_sign_and_none_is_listed_twice(listing: Path) -> None:
    listed = packages.parse(listing.read_text())
    assert all(package.signs for package in listed)
    assert len({package.name for package in listed}) == len(listed)


def test_the_lab_lists_only_what_the_tools_do_not() -> None:
    tools, *others = ({package.name for package in packages.parse(listing.read_text())} for listing in LISTINGS)
    lab: set[str] = set().union(*others)
    assert not tools & lab


def test_a_real_hosts_user_needs_no_container_engine_and_no_compiler() -> None:
    tools = {package.name for package in packages.parse(LISTINGS[0].read_text())}
    assert not tools & {"docker.io", "mmdebstrap", "gcc", "iptables", "openssh-server"}
