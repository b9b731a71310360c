"""Directories that are thrown away: nothing that is mounted in them is deleted, and no mount is left."""

from pathlib import Path

import pytest

from toolchain.errors import SetupError
from toolchain.system import host, scratch


def table(*points: Path | str) -> str:
    return "".join(f"36 35 98:0 / {point} rw,noatime master:1 - tmpfs tmpfs rw\n" for point in points)


@pytest.fixture
def mounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What stands for the kernel's table of mounts; `umount` writes down its calls beside it, and fails if told to."""
    programs = tmp_path / "bin"
    programs.mkdir()
    umount = programs / "umount"
    umount.write_text(f'#!/bin/sh\necho "$*" >>{tmp_path}/calls\n[ ! -e {tmp_path}/busy ] || [ "$1" = --lazy ]\n')
    umount.chmod(0o755)
    monkeypatch.setattr(host, "SYSTEM_PATH", f"{programs}:/bin:/usr/bin")
    monkeypatch.setattr(scratch, "MOUNT_TABLE", tmp_path / "mountinfo")
    (tmp_path / "mountinfo").write_text("")
    return tmp_path / "mountinfo"


def calls(tmp_path: Path) -> list[str]:
    file = tmp_path / "calls"
    return file.read_text().splitlines() if file.exists() else []


def test_the_innermost_mount_comes_first_and_others_are_left_alone() -> None:
    found = scratch.mounted_below(table("/", "/t/a", "/t/a/dev", "/t/a/dev/pts", "/t/ab", "/t/b"), Path("/t/a"))
    assert found == ["/t/a/dev/pts", "/t/a/dev", "/t/a"]


def test_a_space_in_a_mounts_name_is_read_as_one() -> None:
    assert scratch.mounted_below(table("/t/a\\040b/proc"), Path("/t/a b")) == ["/t/a b/proc"]


@pytest.mark.case("T15")
def test_what_is_mounted_is_unmounted_before_the_directory_is_removed(mounts: Path, tmp_path: Path) -> None:
    with scratch.scratch_directory(tmp_path / "work") as work:
        (work / "root" / "proc").mkdir(parents=True)
        mounts.write_text(table("/", work / "root" / "proc"))
    assert calls(tmp_path) == [str(tmp_path / "work" / "root" / "proc")]
    assert not (tmp_path / "work").exists()


@pytest.mark.case("T15")
def test_a_mount_in_use_is_detached(mounts: Path, tmp_path: Path) -> None:
    (tmp_path / "busy").touch()
    mounts.write_text(table(tmp_path / "work"))
    scratch.remove_tree(tmp_path / "work")
    assert calls(tmp_path) == [str(tmp_path / "work"), f"--lazy {tmp_path / 'work'}"]


def test_nothing_is_deleted_below_a_mount_that_stays(
    mounts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "SYSTEM_PATH", str(tmp_path / "bin"))
    (tmp_path / "bin" / "umount").write_text("#!/bin/sh\nexit 32\n")
    kept = tmp_path / "work" / "kept"
    kept.mkdir(parents=True)
    mounts.write_text(table(tmp_path / "work"))
    with pytest.raises(SetupError, match=f"unmounting {tmp_path / 'work'}"):
        scratch.remove_tree(tmp_path / "work")
    assert kept.is_dir()


def test_what_a_killed_run_left_is_gone_before_the_next_begins(tmp_path: Path) -> None:
    (tmp_path / "work" / "old").mkdir(parents=True)
    with scratch.scratch_directory(tmp_path / "work") as work:
        assert list(work.iterdir()) == []


def test_a_link_in_the_directorys_place_is_removed_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "others").mkdir()
    (tmp_path / "work").symlink_to(tmp_path / "others")
    with scratch.scratch_directory(tmp_path / "work") as work:
        assert not work.is_symlink()
    assert (tmp_path / "others").is_dir()
