"""How Debian's root file system is built, and what of it is part of the image's key."""

from dataclasses import replace
from pathlib import Path

import pytest

from images.catalog import SYSTEMS, require_known
from images.debian.recipe import RECIPES, Recipe
from images.debian.rootfs import FILES, Archive, Packages, mmdebstrap_arguments, recipe_digest
from images.debian.sources import release_sources
from toolchain.errors import SetupError

RECIPE = RECIPES[-1]
ARCHIVE = Archive(("deb [signed-by=/k] http://archive.test trixie main",), ('Acquire::http::Proxy "http://p.test";',))
PUBLIC = "https://deb.debian.org/debian"


def test_packages_come_from_the_given_sources_by_the_given_way() -> None:
    argv = mmdebstrap_arguments(RECIPE, ARCHIVE, Path("/t/rootfs.tar"))
    assert argv[0] == "mmdebstrap"
    assert argv[-3:] == ["trixie", "/t/rootfs.tar", ARCHIVE.sources[0]]
    assert f"--aptopt={ARCHIVE.settings[0]}" in argv
    assert f"--customize-hook={FILES / 'customize.sh'}" in argv


def test_a_simulation_runs_no_hook_and_keeps_the_lists() -> None:
    argv = mmdebstrap_arguments(RECIPE, ARCHIVE, Path("/t/folder"), simulate=True)
    assert {"--simulate", "--skip=cleanup/apt/lists"} <= set(argv)
    assert not [word for word in argv if "hook" in word]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.system)
def test_every_release_boots_both_ways_and_reads_guestinfo(recipe: object) -> None:
    wanted = {"open-vm-tools", "cloud-init", "grub-cloud-amd64", "shim-signed", "openssh-server", "cloud-guest-utils"}
    assert wanted <= set(getattr(recipe, "packages", ()))


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.system)
def test_an_image_is_no_kinder_than_debians_own_which_lacks_what_steps_bring(recipe: Recipe) -> None:
    brought = {"gnupg", "gpg", "jq", "nftables", "conntrack", "ebtables", "ipset"}
    of_runtimes = {"containerd", "containerd.io", "docker.io", "docker-ce", "podman", "cri-o", "runc", "crun"}
    of_kubernetes = {"kubeadm", "kubelet", "kubectl", "cri-tools", "kubernetes-cni"}
    assert not set(recipe.packages) & (brought | of_runtimes | of_kubernetes)


def test_the_same_packages_have_the_same_digest_and_others_another() -> None:
    first = Packages(("a=1", "b=2"), 5)
    assert first.digest == Packages(("a=1", "b=2"), 9).digest
    assert first.digest != Packages(("a=1", "b=3"), 5).digest


def test_a_changed_file_or_package_makes_another_image(tmp_path: Path) -> None:
    (tmp_path / "customize.sh").write_text("a")
    before = recipe_digest(RECIPE, [tmp_path])
    (tmp_path / "customize.sh").write_text("b")
    changed = recipe_digest(RECIPE, [tmp_path])
    assert len({before, changed, recipe_digest(replace(RECIPE, packages=("one",)), [tmp_path])}) == 3


def row(uri: str, release: str, codename: str) -> str:
    return f"{uri}|{release}|main|Debian|{codename}"


def test_another_release_comes_from_the_archive_of_this_machines_own() -> None:
    targets = "\n".join(
        (
            row("http://mirror.test/debian/", "bookworm", "bookworm"),
            row("http://mirror.test/debian/", "bookworm-updates", "bookworm-updates"),
            row("http://mirror.test/security/", "bookworm-security", "bookworm-security"),
        )
    )
    assert release_sources(targets, "trixie", "/k") == [
        "deb [signed-by=/k] http://mirror.test/debian/ trixie main",
        "deb [signed-by=/k] http://mirror.test/debian/ trixie-updates main",
        "deb [signed-by=/k] http://mirror.test/security/ trixie-security main",
    ]


def test_a_machine_that_is_no_debian_asks_debians_own_servers() -> None:
    targets = "http://archive.test/ubuntu/|noble|main|Ubuntu|noble"
    assert release_sources(targets, "trixie", "/k") == [
        f"deb [signed-by=/k] {PUBLIC} trixie main",
        f"deb [signed-by=/k] {PUBLIC} trixie-updates main",
        f"deb [signed-by=/k] {PUBLIC}-security trixie-security main",
    ]


def test_the_machines_own_source_of_a_release_goes_before_that_of_others() -> None:
    targets = "\n".join((row("http://old.test/", "bookworm", "bookworm"), row("http://new.test/", "stable", "trixie")))
    assert release_sources(targets, "trixie", "/k")[0] == "deb [signed-by=/k] http://new.test/ trixie main"


def test_a_word_that_is_no_image_is_answered_with_those_that_are() -> None:
    with pytest.raises(SetupError, match=r"OS: found 'debian-11', wanted one of: debian-12, debian-13, ubuntu-22\.04"):
        require_known("debian-11")
    for system in SYSTEMS:
        require_known(system)
