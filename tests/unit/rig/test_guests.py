"""The lab's guest systems: images as `make image` makes them, and what is known of each."""

import hashlib
import os
import tarfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from images.debian.make import CODE
from images.debian.recipe import RECIPES, Recipe
from images.ova.vmdk import content_id
from rig.mirror.debian import GUESTS
from rig.node import guests
from rig.node.guests import FACTS, OVA, ROOT, Guest, guest_of, part, part_name
from toolchain.build.part import Workplace, cache_key
from toolchain.errors import SetupError

PROJECT = Path(__file__).parents[3]
DISK_BYTES = 32 << 20
# mmdebstrap's last arguments are suite, output and sources; simulated, the output is a folder.
MMDEBSTRAP = """\
echo "$@" >>"$CALLS"
for word in "$@"; do
  case $word in
    */*.tar | */resolved) out=$word ;;
    bookworm | trixie) suite=$word ;;
  esac
done
case $out in
  *.tar) echo "root file system, mounts of its own: ${OWN:-no}" >"$out" ;;
  *)
    mkdir -p "$out/var/lib/apt/lists"
    echo 'Date: Sat, 15 Nov 2026 10:00:00 UTC' >"$out/var/lib/apt/lists/a.test_dists_${suite}_InRelease"
    echo 'Inst apt (3.0 Debian:13.2/stable [amd64])'
    echo 'Inst cloud-init (25.1 Debian:13.2/stable [amd64])'
    ;;
esac
"""
FULL_DISK = MMDEBSTRAP.replace("*.tar) echo", "*.tar) echo E: no space >&2; exit 1; echo")


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with Debian 12, whose build tools are these: nothing is downloaded, and disks are small."""
    directory = tmp_path / "bin"
    directory.mkdir()
    command(directory, "apt-get", "echo 'http://archive.test/debian/|bookworm|main|Debian|bookworm'")
    command(directory, "apt-config", "echo 'Acquire::http::Proxy \"http://proxy.test:3128\";'")
    command(directory, "unshare", "exit 1")
    command(directory, "mmdebstrap", MMDEBSTRAP)
    monkeypatch.setattr("images.debian.rootfs.KEYRING", tmp_path / "keyring.gpg")
    monkeypatch.setattr("images.debian.rootfs.as_root", list)
    monkeypatch.setattr("images.debian.scratch.as_root", list)
    monkeypatch.setattr("images.debian.rootfs.os.geteuid", lambda: 0)
    monkeypatch.setattr(guests, "build_disk", small_disk)
    (tmp_path / "keyring.gpg").touch()
    return directory


def small_disk(
    recipe: Recipe, root: Path, published: int, disk: Path, working: Path, *others: Path | Mapping[str, str] | int
) -> None:
    del published, others
    assert working.is_dir()
    with disk.open("wb") as file:
        file.write(f"{recipe.system}: {root.read_text()}".encode())
        file.truncate(DISK_BYTES)


def command(directory: Path, name: str, body: str) -> None:
    file = directory / name
    file.write_text(f"#!/bin/bash\n{body}\n")
    file.chmod(0o755)


def built(system: str, commands: Path, name: str = "out") -> Path:
    """The output of a system's part."""
    out = commands.parent / name
    out.mkdir()
    environ = {**os.environ, "PATH": f"{commands}:{os.environ['PATH']}", "CALLS": str(commands.parent / "calls")}
    part(system).build(Workplace({}, None, commands.parent / "log", environ), out)
    return out


def disk_of(output: Path) -> bytes:
    with tarfile.open(output / OVA) as tar:
        (disk,) = (tar.extractfile(member) for member in tar if member.name.endswith(".vmdk"))
        assert disk is not None
        return disk.read()


def key(system: str) -> str:
    return cache_key(part(system), PROJECT, {})


def test_there_is_an_image_of_every_guest_system_of_the_lab() -> None:
    assert {part(system).name for system in GUESTS} == {part_name(system) for system in GUESTS}
    assert len({key(system) for system in GUESTS}) == len(GUESTS)


def test_the_same_recipe_is_made_once_and_another_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    before = key("debian-13")
    assert key("debian-13") == before
    changed = [replace(recipe, packages=(*recipe.packages, "jq")) for recipe in RECIPES]
    monkeypatch.setattr(guests, "RECIPES", changed)
    assert key("debian-13") != before


def test_changed_code_of_the_image_makes_it_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = key("debian-13")
    (tmp_path / "more.sh").touch()
    monkeypatch.setattr(guests, "CODE", (*CODE, tmp_path))
    assert key("debian-13") != before


def test_nothing_of_the_lab_is_an_input_of_an_image_but_how_it_is_made() -> None:
    (module,) = part("debian-13").files
    assert module == PROJECT / "rig" / "node" / "guests.py"
    assert all(folder.is_relative_to(PROJECT / "images") for folder in CODE)


def test_an_image_is_built_with_its_root_file_system_and_its_facts(commands: Path) -> None:
    out = built("debian-13", commands)
    assert sorted(file.name for file in out.iterdir()) == sorted((FACTS, OVA, ROOT))
    found = guest_of(out)
    assert isinstance(found, Guest)
    assert found.image.system == "debian-13"
    assert found.image.sha256 == hashlib.sha256((out / OVA).read_bytes()).hexdigest()
    assert found.image.source.startswith("Debian trixie, 2 packages with sha256:")
    assert abs(date.fromisoformat(found.image.date) - datetime.now(UTC).date()) <= timedelta(days=1)


def test_what_is_known_of_an_image_is_the_content_id_of_its_disk(commands: Path, tmp_path: Path) -> None:
    out = built("debian-13", commands)
    (tmp_path / "disk.vmdk").write_bytes(disk_of(out))
    with (tmp_path / "disk.vmdk").open("rb") as disk:
        assert guest_of(out).content_id == content_id(disk)
    again, other = built("debian-13", commands, "again"), built("debian-12", commands, "other")
    assert guest_of(again).content_id == guest_of(out).content_id != guest_of(other).content_id


def test_an_image_comes_from_this_machines_archive_by_its_proxy(commands: Path, tmp_path: Path) -> None:
    out = built("debian-13", commands)
    simulated, real = (tmp_path / "calls").read_text().splitlines()
    assert "--simulate" in simulated
    sources = f"[signed-by={tmp_path / 'keyring.gpg'}] http://archive.test/debian/ trixie main"
    assert f" trixie {out / ROOT} deb {sources} " in real
    assert '--aptopt=Acquire::http::Proxy "http://proxy.test:3128";' in real


@pytest.mark.parametrize("allowed", [True, False])
def test_mounts_of_the_build_are_its_own_where_that_is_allowed(commands: Path, allowed: bool) -> None:
    command(commands, "unshare", 'shift 4; export OWN=yes; exec "$@"' if allowed else "exit 1")
    text = (built("debian-13", commands) / ROOT).read_text()
    assert text == f"root file system, mounts of its own: {'yes' if allowed else 'no'}\n"


def test_a_failed_build_shows_the_log_and_leaves_no_scratch(commands: Path, tmp_path: Path) -> None:
    command(commands, "mmdebstrap", FULL_DISK)
    with pytest.raises(SetupError, match="building debian-13") as failure:
        built("debian-13", commands)
    assert "E: no space" in failure.value.evidence
    assert list((tmp_path / "out").iterdir()) == []


def test_a_machine_without_the_archives_keys_is_told_so(commands: Path, tmp_path: Path) -> None:
    (tmp_path / "keyring.gpg").unlink()
    with pytest.raises(SetupError, match=r"debian-13.*install debian-archive-keyring"):
        built("debian-13", commands)


def test_an_ova_whose_disk_says_no_content_is_refused(commands: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guests, "content_id", lambda _: None)
    with pytest.raises(SetupError, match="wanted one with a CID"):
        built("debian-13", commands)
