"""The image of a system, really built and really booted: twice the same, by each firmware, with and without /dev/kvm.

`OS` says which system; without a word, Debian 13. Images are kept where `make image` keeps them.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from images import kvm

SYSTEM = os.environ.get("OS") or "debian-13"
ROOT = Path(__file__).parents[2]


def images(store: Path, lock: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "images", *arguments, "--lock", str(lock)],
        cwd=ROOT,
        env={**os.environ, "KUBELAB_IMAGES": str(store)},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )


def made(folder: Path) -> tuple[str, Path]:
    """The checksum of an image made in a store of its own, and the lock file."""
    done = images(folder / "store", folder / "lock.yaml", "make", SYSTEM)
    assert done.returncode == 0, done.stdout
    return yaml.safe_load((folder / "lock.yaml").read_text())["images"][SYSTEM]["sha256"], folder / "lock.yaml"


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    return made(tmp_path_factory.mktemp("image"))


def test_the_same_packages_give_the_same_image(image: tuple[str, Path], tmp_path: Path) -> None:
    digest, _ = made(tmp_path)
    assert digest == image[0]


def test_an_image_that_is_there_is_not_made_again(image: tuple[str, Path]) -> None:
    _, lock = image
    done = images(lock.parent / "store", lock, "make", SYSTEM)
    assert "cached" in done.stdout


@pytest.mark.parametrize(
    ("firmware", "nested"), [("bios", "on"), ("bios", "off"), ("uefi", "on"), ("secureboot", "on")]
)
def test_the_image_boots_and_is_as_it_should_be(image: tuple[str, Path], firmware: str, nested: str) -> None:
    _, lock = image
    done = images(lock.parent / "store", lock, "check", SYSTEM, "--firmware", firmware, "--nested", nested)
    assert done.returncode == 0, done.stdout
    assert "power off: clean" in done.stdout


def test_an_emulated_guest_runs_the_probe_of_kvm_to_its_end(tmp_path: Path) -> None:
    disk = tmp_path / "probe.img"
    disk.write_bytes(kvm.BOOT_SECTOR.ljust(kvm.DISK_BYTES, b"\0"))
    done = subprocess.run(kvm.probe_arguments(disk, accelerator="tcg", cpu="qemu64"), timeout=120, check=False)
    assert done.returncode == kvm.PROVEN


def test_the_disk_is_one_that_qemu_reads(image: tuple[str, Path], tmp_path: Path) -> None:
    _, lock = image
    file = yaml.safe_load(lock.read_text())["images"][SYSTEM]["file"]
    subprocess.run(["tar", "-xf", str(lock.parent / "store" / file), "-C", str(tmp_path)], check=True)
    (disk,) = tmp_path.glob("*.vmdk")
    said = subprocess.run(["qemu-img", "check", "--output=json", str(disk)], check=True, capture_output=True, text=True)
    assert json.loads(said.stdout)["check-errors"] == 0
