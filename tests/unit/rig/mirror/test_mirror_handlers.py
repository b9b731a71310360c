"""What the mirror has for handlers of pods: archives that a node takes for upstream's, and that say what they are."""

import hashlib
import io
import os
import re
import subprocess
import tarfile
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from components.handlers import HANDLERS
from components.records.handler import Variant
from rig.mirror import versions
from rig.mirror.programs import cri_dockerd_release, gvisor_programs, gvisor_release, kata_stand_in
from rig.mirror.programs.binaries import GVISOR
from rig.mirror.programs.gvisor_programs import CHANGES, Change, changed
from rig.services.mirror import own_checksums
from toolchain.build.part import Workplace
from toolchain.build.workshop import Built
from toolchain.errors import SetupError

VARIANTS = [
    pytest.param(word, name, id=f"{word}-{name}") for word in ("gvisor", "kata") for name in HANDLERS[word].variants
]
# In place of Go: it vendors modules as they are changed, and a program that it builds is what it was told and found.
GO = r"""#!/bin/sh
set -eu
case $1 in
mod)
  for file in FILES; do
    mkdir -p "vendor/$(dirname "$file")"
    printf '\tif _, err = f.WriteString(strconv.Itoa(score)); err != nil {\n' >"vendor/$file"
    printf '\tif _, err := f.WriteString(strconv.Itoa(scoreAdj)); err != nil {\n' >>"vendor/$file"
  done ;;
build)
  while [ "$1" != -o ]; do shift; done
  case $2 in
  */) for package in runsc gvisor_sentry; do { echo "$GOFLAGS"; cat go.mod; grep -r . vendor; } >"$2$package"; done ;;
  *) { echo "$GOFLAGS"; grep -r . vendor; } >"$2" ;;
  esac ;;
esac
"""


def place_in(folder: Path, go: Path | None = None, **outputs: Path) -> Workplace:
    return Workplace(outputs, go, folder / "log", os.environ)


@pytest.fixture
def gvisor(tmp_path: Path) -> Path:
    """The archive of gVisor, of programs that are their names."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for program in GVISOR.programs:
        (programs / program.output).write_text(program.output)
    gvisor_release.build(programs, tmp_path / "served")
    return tmp_path / "served" / gvisor_release.PATH


def paths_of(variant: Variant, folder: str) -> set[str]:
    """Every path below a folder that a variant's record names: for the installation, and for container runtimes."""
    named = {each.path for each in variant.programs} | set(variant.files)
    for entry in variant.entries.values():
        texts = [repr(entry.table), *(file.text for file in entry.files)]
        named |= {path for text in texts for path in re.findall(rf"{folder}/[A-Za-z0-9._/-]+", text)}
    return named


def held(word: str, folder: str, gvisor: Path) -> dict[str, int]:
    """The mode of each file that a handler's archive brings to a node, by its path there."""
    if word == "kata":
        return {f"/{name}": mode for name, (_, mode) in kata_stand_in.content(versions.KATA[0]).items()}
    with tarfile.open(gvisor) as archive:
        return {f"{folder}/{entry.name}": entry.mode for entry in archive.getmembers()}


@pytest.mark.parametrize(("word", "name"), VARIANTS)
def test_an_archive_holds_every_path_that_a_handler_names(word: str, name: str, gvisor: Path) -> None:
    record, variant = HANDLERS[word], HANDLERS[word].variants[name]
    found, named = held(word, record.folder, gvisor), paths_of(variant, record.folder)
    assert named >= {each.path for each in variant.programs}
    assert named <= found.keys()
    assert all(found[each.path] == 0o755 for each in variant.programs)


def test_archives_lie_where_upstreams_do() -> None:
    assert HANDLERS["gvisor"].releases[versions.GVISOR_RELEASE].path == gvisor_release.PATH
    assert next(iter(HANDLERS["gvisor"].releases)) == versions.GVISOR_RELEASE
    assert {version: kata_stand_in.path(version) for version in versions.KATA} == {
        version: release.path for version, release in HANDLERS["kata"].releases.items()
    }


def test_an_archive_of_gvisor_is_its_programs_and_the_same_each_time(gvisor: Path, tmp_path: Path) -> None:
    gvisor_release.build(tmp_path / "programs", tmp_path / "again")
    assert (tmp_path / "again" / gvisor_release.PATH).read_bytes() == gvisor.read_bytes()
    with tarfile.open(gvisor, "r:bz2") as archive:
        for entry in archive.getmembers():
            content = archive.extractfile(entry)
            assert content is not None
            assert (entry.name.rpartition("/")[2], entry.uid) == (content.read().decode(), 0)


def test_every_program_of_gvisor_is_in_its_archive() -> None:
    assert gvisor_release.PLACES.keys() == {program.output for program in GVISOR.programs}


def test_gvisors_programs_tell_what_they_were_built_of() -> None:
    commit = versions.GVISOR.rpartition("-")[2]
    assert all(f"version.version=go-20260905035102-{commit}" in program.ldflags for program in GVISOR.programs)


def test_gvisor_is_built_of_sources_that_live_with_a_score_that_stays(tmp_path: Path) -> None:
    go, out = tmp_path / "go", tmp_path / "out"
    go.write_text(GO.replace("FILES", " ".join(change.file for change in CHANGES)))
    go.chmod(0o755)
    out.mkdir()
    gvisor_programs.part().build(place_in(tmp_path, go), out)
    assert {file.name for file in out.iterdir()} == {program.output for program in GVISOR.programs}
    for file in out.iterdir():
        assert "-mod=vendor" in file.read_text()
        assert file.read_text().count("if os.IsPermission(err) {") == len(CHANGES)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.file.rpartition("/")[2])
def test_what_a_host_forbids_is_let_pass_before_anything_else_is_looked_at(change: Change) -> None:
    before, after = "func set() error {\n", "\t\treturn err\n\t}\n}\n"
    text = changed(f"{before}{change.found}{after}", change)
    assert text == f"{before}{change.found}{change.added}{after}"
    assert change.added.startswith("\t\tif os.IsPermission(err) {\n")


@pytest.mark.parametrize("times", [0, 2])
def test_a_gvisor_whose_sources_have_other_lines_is_refused(times: int) -> None:
    with pytest.raises(SetupError, match=rf"gVisor .*{CHANGES[0].file} has other lines; correct gvisor_programs.py"):
        changed(CHANGES[0].found * times, CHANGES[0])


def unpacked(version: str, folder: Path) -> Path:
    """The stand-in of Kata as a node unpacks it."""
    for name, (text, mode) in kata_stand_in.content(version).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
        (folder / name).chmod(mode)
    return folder / "opt/kata"


def run(program: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=10, check=False)


def test_a_stand_in_of_kata_is_labelled_as_such(tmp_path: Path) -> None:
    kata = unpacked("4.2.0", tmp_path)
    assert (kata / "VERSION").read_text().startswith("4.2.0 (stand-in ")
    assert "not Kata Containers" in (kata / "README.stand-in").read_text()
    for settings in (kata / "share/defaults").rglob("*.toml"):
        assert "stand-in" in settings.read_text().splitlines()[0]


@pytest.mark.parametrize("name", HANDLERS["kata"].variants)
def test_its_programs_answer_for_their_version_and_run_nothing(tmp_path: Path, name: str) -> None:
    unpacked("4.1.0", tmp_path)
    for program in HANDLERS["kata"].variants[name].programs:
        asked = run(tmp_path / program.path.lstrip("/"), program.argument)
        assert (asked.returncode, asked.stderr) == (0, "")
        assert "4.1.0 (stand-in " in asked.stdout
        started = run(tmp_path / program.path.lstrip("/"), "-namespace", "k8s.io", "start")
        assert (started.returncode, started.stdout) == (1, "")
        assert "stand-in of kubelab's lab, not Kata Containers: it runs no virtual machines" in started.stderr


def test_its_settings_name_files_that_it_holds(tmp_path: Path) -> None:
    kata = unpacked("4.2.0", tmp_path)
    hypervisors = {}
    for settings in (kata / "share/defaults/kata-containers/runtime-rs").iterdir():
        ((_, table),) = tomllib.loads(settings.read_text())["hypervisor"].items()
        assert table.keys() == {"path", "kernel", "image"}
        assert all((tmp_path / path.lstrip("/")).is_file() for path in table.values())
        hypervisors[settings.name] = table["path"]
    for variant in HANDLERS["kata"].variants.values():
        (settings_path,) = variant.files
        assert hypervisors[Path(settings_path).name] in {program.path for program in variant.programs}


@pytest.mark.host
def test_a_stand_in_is_served_for_every_version_and_the_same_each_time(tmp_path: Path) -> None:
    part = kata_stand_in.part()
    for name in ("one", "two"):
        part.build(place_in(tmp_path), tmp_path / name)
    served = sorted(
        file.relative_to(tmp_path / "one").as_posix() for file in (tmp_path / "one").rglob("*.*") if file.is_file()
    )
    assert served == sorted(release.path for release in HANDLERS["kata"].releases.values())
    for path in served:
        packed = (tmp_path / "one" / path).read_bytes()
        assert packed == (tmp_path / "two" / path).read_bytes()
        plain = subprocess.run(
            ["zstd", "--decompress", "--stdout"], input=packed, capture_output=True, check=True
        ).stdout
        with tarfile.open(fileobj=io.BytesIO(plain)) as archive:
            content = kata_stand_in.content(path.split("/")[-2])
            assert [(entry.name, entry.mode) for entry in archive] == [
                (f"./{name}", mode) for name, (_, mode) in content.items()
            ]


def test_a_site_knows_the_checksums_of_all_that_is_not_upstreams_own(gvisor: Path, tmp_path: Path) -> None:
    adapter = tmp_path / "adapter" / cri_dockerd_release.path("amd64")
    adapter.parent.mkdir(parents=True)
    adapter.write_text("adapter")
    upstream = tmp_path / "files" / "github.com" / "manifest.yml"
    outputs: Mapping[str, Path] = {
        "files": upstream.parents[1],
        cri_dockerd_release.NAME: tmp_path / "adapter",
        gvisor_release.NAME: tmp_path / "served",
    }
    assert own_checksums(Built(outputs, {})) == {
        gvisor_release.PATH: hashlib.sha256(gvisor.read_bytes()).hexdigest(),
        cri_dockerd_release.path("amd64"): hashlib.sha256(b"adapter").hexdigest(),
    }
