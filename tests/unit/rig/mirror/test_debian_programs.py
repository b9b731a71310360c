"""Programs taken out of Debian's packages, and the release that cri-dockerd is served as."""

import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from rig.mirror import debian
from rig.mirror.programs import cri_dockerd_release
from rig.mirror.programs.debian_programs import CONMON, build
from toolchain.errors import SetupError

pytestmark = pytest.mark.host


class LocalArchive:
    """Debian's archive with one package in it, `conmon` of the version given."""

    def __init__(self, scratch: Path, version: str) -> None:
        self._tree = scratch / "tree"
        self._version = version
        (self._tree / "DEBIAN").mkdir(parents=True)
        (self._tree / "usr/bin").mkdir(parents=True)
        (self._tree / "usr/bin/conmon").write_bytes(b"\x7fELF conmon")
        control = (
            f"Package: conmon\nVersion: {version}\nArchitecture: amd64\nMaintainer: m <m@x.invalid>\nDescription: d\n"
        )
        (self._tree / "DEBIAN/control").write_text(control)

    def alone(self, names: tuple[str, ...], directory: Path) -> None:
        assert names == ("conmon",)
        directory.mkdir()
        target = directory / f"conmon_{self._version.replace(':', '%3a')}_amd64.deb"
        subprocess.run(["dpkg-deb", "--build", str(self._tree), str(target)], check=True, capture_output=True)


def debian_with(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: str) -> Path:
    """Lets Debian have conmon in that version; returns an empty directory to build in."""

    @contextmanager
    def archive(release: debian.Release, machine: str, scratch: Path, log: Path) -> Iterator[LocalArchive]:
        # No newer C library than this machine may have.
        assert (release, machine) == (debian.BOOKWORM, "amd64")
        del scratch, log
        yield LocalArchive(tmp_path / "archive", version)

    monkeypatch.setattr("rig.mirror.debian.archive", archive)
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


@pytest.mark.parametrize("version", ["2.1.6+ds1-1", "2.1.6-1", "1:2.1.6-1"])
def test_the_programs_come_out_of_the_package_and_nothing_stays_beside_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: str
) -> None:
    out = debian_with(monkeypatch, tmp_path, version)
    build(CONMON, "amd64", out, tmp_path / "log")
    assert (out / "conmon").read_bytes() == b"\x7fELF conmon"
    assert (out / "conmon").stat().st_mode & 0o777 == 0o755
    assert [file.name for file in out.iterdir()] == ["conmon"]


@pytest.mark.parametrize("version", ["2.1.60-1", "2.1.7+ds1-1", "12.1.6-1"])
def test_another_version_than_the_mirror_claims_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: str
) -> None:
    out = debian_with(monkeypatch, tmp_path, version)
    with pytest.raises(
        SetupError, match=r"conmon 2\.1\.6 \(Debian\): Debian has conmon_.*correct rig/mirror/versions.py"
    ):
        build(CONMON, "amd64", out, tmp_path / "log")


def test_a_package_without_the_program_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    out = debian_with(monkeypatch, tmp_path, "2.1.6-1")
    with pytest.raises(SetupError, match="no program usr/libexec/conmon"):
        build(replace(CONMON, programs={"conmon": "usr/libexec/conmon"}), "amd64", out, tmp_path / "log")


def test_a_release_of_cri_dockerd_is_reproducible_and_lies_where_upstreams_does(
    tmp_path: Path,
) -> None:
    (tmp_path / "cri-dockerd").write_bytes(b"\x7fELF cri-dockerd")
    contents = []
    for name in ("one", "two"):
        cri_dockerd_release.build(tmp_path / "cri-dockerd", "amd64", tmp_path / name)
        release = (
            tmp_path / name / "github.com/Mirantis/cri-dockerd/releases/download/v0.4.4/cri-dockerd-0.4.4.amd64.tgz"
        )
        contents.append(release.read_bytes())
    assert contents[0] == contents[1]
    with tarfile.open(release) as archive:
        (entry,) = archive.getmembers()
        program = archive.extractfile(entry)
        assert program is not None
        assert program.read() == b"\x7fELF cri-dockerd"
        assert (entry.name, entry.mode, entry.uid) == ("cri-dockerd/cri-dockerd", 0o755, 0)
