"""Debian's releases in the mirror: their words, and where packages for each come from."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from components.handlers import HANDLERS
from config.images.spec import default_guest_system
from images.debian.recipe import RECIPES
from rig.mirror.debian import BOOKWORM, GUESTS, NODE_PACKAGES, TRIXIE, Archive, Release, archive, download
from toolchain.errors import SetupError

ROWS = """\
http://archive.test/debian/|bookworm|main|Debian|bookworm
http://archive.test/debian/|bookworm-updates|main|Debian|bookworm-updates
http://archive.test/debian/|bookworm-backports|main|Debian|bookworm-backports
http://archive.test/debian/|bookworm|non-free|Debian|bookworm
http://security.test/|bookworm-security|main|Debian|bookworm-security
http://other.test/apt/|stable|main|Vendor|stable
"""


@pytest.mark.parametrize(
    ("release", "suffix"), [(BOOKWORM, "~debian.12~bookworm"), (TRIXIE, "~debian.13~trixie")], ids=["12", "13"]
)
def test_a_vendors_package_says_the_release_that_it_is_made_for(release: Release, suffix: str) -> None:
    assert release.vendor_suffix == suffix


def test_the_labs_guest_systems_are_the_debians_that_images_are_made_of() -> None:
    assert {system: release.codename for system, release in GUESTS.items()} == {
        recipe.system: recipe.suite for recipe in RECIPES
    }
    assert default_guest_system() in GUESTS


def test_nodes_can_install_what_kubeadm_looks_for() -> None:
    assert {"conntrack", "ebtables", "ethtool", "iptables", "socat"} <= set(NODE_PACKAGES)


def test_nodes_can_install_the_packages_of_every_handler() -> None:
    assert {package for handler in HANDLERS.values() for package in handler.packages} <= set(NODE_PACKAGES)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """A machine with Debian 12 whose apt downloads nothing; the sources.list that each of its calls was given."""
    (tmp_path / "keyring.gpg").touch()
    used: list[list[str]] = []

    def answer(argv: Sequence[str], doing: str, environ: Mapping[str, str]) -> str:
        del doing, environ
        assert argv[:2] == ["apt-get", "indextargets"]
        return ROWS

    def logged(argv: Sequence[str], log: Path, doing: str, environ: Mapping[str, str], **limits: object) -> None:
        del log, doing, environ, limits
        settings = dict(word.split("=", 1) for word in argv if "::" in word)
        used.append(Path(settings["Dir::Etc::sourcelist"]).read_text().splitlines())
        if "install" in argv:
            for name in argv[argv.index("install") + 1 :]:
                (Path(settings["Dir::Cache::archives"]) / f"{name}_1_amd64.deb").touch()

    monkeypatch.setattr("rig.mirror.debian._KEYRING", tmp_path / "keyring.gpg")
    monkeypatch.setattr("rig.mirror.debian.run.answer", answer)
    monkeypatch.setattr("rig.mirror.debian.run.logged", logged)
    return used


@pytest.mark.parametrize("release", [BOOKWORM, TRIXIE], ids=lambda release: release.system)
def test_packages_of_either_release_come_from_this_machines_archive(
    machine: list[list[str]], tmp_path: Path, release: Release
) -> None:
    with archive(release, "amd64", tmp_path / "apt", tmp_path / "log") as found:
        assert isinstance(found, Archive)
    option = f"[signed-by={tmp_path / 'keyring.gpg'}]"
    assert machine == [
        [
            f"deb {option} http://archive.test/debian/ {release.codename} main",
            f"deb {option} http://archive.test/debian/ {release.codename}-updates main",
            f"deb {option} http://security.test/ {release.codename}-security main",
        ]
    ]
    assert not (tmp_path / "apt").exists()


def test_each_group_of_packages_lies_in_a_folder_of_its_own(machine: list[list[str]], tmp_path: Path) -> None:
    groups = {"node": ("socat", "kmod"), "shell-image": ("busybox-static",)}
    download(TRIXIE, groups, "amd64", tmp_path / "out", tmp_path / "log")
    found = {folder.name: sorted(file.name for file in folder.iterdir()) for folder in (tmp_path / "out").iterdir()}
    assert found == {"node": ["kmod_1_amd64.deb", "socat_1_amd64.deb"], "shell-image": ["busybox-static_1_amd64.deb"]}
    assert len(machine) == 3


def test_a_machine_without_the_archives_keys_is_told_so(
    machine: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rig.mirror.debian._KEYRING", tmp_path / "none.gpg")
    with (
        pytest.raises(SetupError, match=r"none\.gpg.*install debian-archive-keyring"),
        archive(TRIXIE, "amd64", tmp_path / "apt", tmp_path / "log"),
    ):
        pytest.fail("there is no archive without keys")
    assert machine == []
