"""cri-dockerd as its releases have it: a tgz with one program."""

import gzip
import io
import tarfile
from pathlib import Path

from rig.mirror.machine import architecture
from rig.mirror.programs.binaries import CRI_DOCKERD
from toolchain.build.part import Part, Workplace

NAME = "cri-dockerd-release"


def part() -> Part:
    """The release as a part of the rig."""

    def build_part(place: Workplace, out: Path) -> None:
        build(place.outputs[CRI_DOCKERD.name] / CRI_DOCKERD.name, architecture(), out)

    return Part(NAME, f"release of {CRI_DOCKERD.title}", build_part, (Path(__file__),), needs=(CRI_DOCKERD.name,))


def path(machine: str) -> str:
    """Where the release lies below the mirror's files; `machine`: Go's name of the architecture."""
    version = CRI_DOCKERD.version
    directory = f"github.com/Mirantis/cri-dockerd/releases/download/v{version}"
    return f"{directory}/cri-dockerd-{version}.{machine}.tgz"


def build(program: Path, machine: str, out: Path) -> None:
    """Writes the release below `out`: the same bytes for the same program."""
    target = out / path(machine)
    target.parent.mkdir(parents=True)
    with (
        target.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", compresslevel=1, fileobj=raw, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        content = program.read_bytes()
        entry = tarfile.TarInfo("cri-dockerd/cri-dockerd")
        entry.mode, entry.size = 0o755, len(content)
        archive.addfile(entry, io.BytesIO(content))
