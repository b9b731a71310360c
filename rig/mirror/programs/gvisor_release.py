"""gVisor as its releases have it: an archive of runsc, containerd's shim, and what runsc starts beside itself."""

import io
import tarfile
from pathlib import Path

from rig.mirror import versions
from rig.mirror.programs.binaries import GVISOR
from toolchain.build.part import Part, Workplace

NAME = "gvisor-release"
PATH = f"storage.googleapis.com/gvisor/releases/release/{versions.GVISOR_RELEASE}/x86_64/gvisor.tar.bz2"
# By the names of the programs.
PLACES = {
    "runsc": "runsc",
    "containerd-shim-runsc-v1": "containerd-shim-runsc-v1",
    "gvisor_sentry": "gvisor-bin/gvisor_sentry",
}


def part() -> Part:
    """The release as a part of the rig."""

    def build_part(place: Workplace, out: Path) -> None:
        build(place.outputs[GVISOR.name], out)

    values = {"path": PATH}
    return Part(NAME, f"release of {GVISOR.title}", build_part, (Path(__file__),), values, needs=(GVISOR.name,))


def build(programs: Path, out: Path) -> None:
    """Writes the release below `out`: the same bytes for the same programs."""
    target = out / PATH
    target.parent.mkdir(parents=True)
    with tarfile.open(target, mode="w:bz2", compresslevel=1, format=tarfile.PAX_FORMAT) as archive:
        for program, place in PLACES.items():
            content = (programs / program).read_bytes()
            entry = tarfile.TarInfo(place)
            entry.mode, entry.size = 0o755, len(content)
            archive.addfile(entry, io.BytesIO(content))
