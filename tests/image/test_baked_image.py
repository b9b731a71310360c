"""The image of a system with a stack inside, really built, looked into, and really booted.

`OS` says which system, Debian 13 without a word; `STACK` which stack, by name or file, containerd without a word.
What its site names must be reached from here: for the shipped stacks, the embedded lab (`make rig`).
"""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from images.baked.bake import bake
from images.baked.wish import Wish, stack_file, wish_of
from images.catalog import SYSTEMS
from images.debian.recipe import RECIPES
from images.debian.rootfs import archive_of
from toolchain.system.host import search_path

SYSTEM = os.environ.get("OS") or "debian-13"
STACK = os.environ.get("STACK") or "containerd"
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Made:
    """An image that was made: its store and lock file, its entry, its word, and what was said."""

    folder: Path
    word: str
    entry: dict[str, object]
    said: str

    @property
    def root(self) -> Path:
        """The tar of its root file system."""
        (tar,) = (self.folder / "store" / "roots").glob(f"{self.word}-*.tar")
        return tar


def images(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "images", *arguments, "--lock", str(folder / "lock.yaml"), "--baked", STACK],
        cwd=ROOT,
        env={**os.environ, "KUBELAB_IMAGES": str(folder / "store")},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )


def make(folder: Path) -> Made:
    done = images(folder, "make", SYSTEM)
    assert done.returncode == 0, done.stdout
    ((word, entry),) = yaml.safe_load((folder / "lock.yaml").read_text())["images"].items()
    return Made(folder, word, entry, done.stdout)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make(tmp_path_factory.mktemp("image"))


@pytest.fixture(scope="module")
def wish() -> Wish:
    return wish_of(stack_file(STACK), SYSTEM, os.environ)


@pytest.fixture(scope="module")
def unpacked(image: Made, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its root file system as a folder, but for the images in it."""
    folder = tmp_path_factory.mktemp("root")
    stores = ("./var/lib/containerd/*", "./var/lib/docker/*", "./var/lib/containers/*", "./dev/*")
    leave_out = [f"--exclude={store}" for store in stores]
    subprocess.run(["tar", "-xf", str(image.root), *leave_out, "-C", str(folder)], check=True)
    return folder


def names(folder: Path, pattern: str) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.glob(pattern))


def test_its_word_says_what_is_inside(image: Made, wish: Wish) -> None:
    assert image.word.startswith(f"{SYSTEM}-baked-")
    assert image.entry["baked"] == {
        "stack": wish.stack,
        "kubernetes": wish.kubernetes,
        "runtimes": dict(wish.runtimes),
    }
    assert SYSTEM in SYSTEMS


def test_one_that_is_there_is_not_made_again(image: Made) -> None:
    again = make(image.folder)
    assert "cached" in again.said
    assert again.entry == image.entry


def test_nothing_of_a_node_is_in_it(unpacked: Path) -> None:
    for of_a_node in ("etc/kubelab/node", "etc/kubelab/runtime", "var/lib/docker/engine-id", "var/lib/kubelet/pki"):
        assert not (unpacked / of_a_node).exists(), of_a_node
    assert (unpacked / "etc/machine-id").read_text() == ""
    assert names(unpacked, "etc/ssh/ssh_host_*") == []
    assert [name for name in names(unpacked, "run/*") if name != "run/lock"] == []
    assert not (unpacked / "usr/sbin/policy-rc.d").exists()
    # A link is systemd's own, to its documentation.
    assert [path for path in unpacked.glob("var/log/**/*") if path.is_file() and not path.is_symlink()] == []


def test_what_is_inside_is_recorded_and_rests(unpacked: Path, wish: Wish) -> None:
    record = (unpacked / "etc/kubelab/image").read_text().splitlines()
    assert {f"package {name}" for name in ("kubelet", "kubeadm", "kubectl", "cri-tools")} <= set(record)
    units = [line.split()[1] for line in record if line.startswith("unit ")]
    assert len(units) > len(wish.runtimes)
    assert [name for unit in units for name in names(unpacked, f"etc/systemd/system/*.wants/{unit}")] == []


def test_its_steps_find_nothing_to_install_and_nothing_to_pull(image: Made, wish: Wish, tmp_path: Path) -> None:
    environ = {**os.environ, "PATH": search_path()}
    (recipe,) = [recipe for recipe in RECIPES if recipe.system == SYSTEM]
    scratch, log = tmp_path / "scratch", tmp_path / "log"
    scratch.mkdir()
    bake(wish, archive_of(recipe, environ), image.root, 0, tmp_path / "again.tar", scratch, log, environ)
    said = log.read_text()
    assert "37-leave-image.sh" in said
    assert [line for line in said.splitlines() if line.startswith(("installing ", "pulling "))] == []


def test_it_boots_and_is_as_it_should_be(image: Made) -> None:
    done = images(image.folder, "check", SYSTEM)
    assert done.returncode == 0, done.stdout
    assert "stack inside: kubeadm v" in done.stdout
    assert "power off: clean" in done.stdout
