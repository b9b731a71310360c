"""A stand-in of Kata Containers, which cannot be built here: an archive with the layout of its releases, and no Kata.

A node installs it and configures its runtime as with the real one; a pod then ends with the stand-in's own words.
"""

import io
import tarfile
from pathlib import Path

from rig.mirror import versions
from toolchain.build.part import Part, Workplace
from toolchain.system import run

NAME = "kata-stand-in"
LABEL = "stand-in of kubelab's lab, not Kata Containers"
_SHARE = "opt/kata/share"
_SETTINGS = f"{_SHARE}/defaults/kata-containers/runtime-rs"
_PROGRAMS = (
    "opt/kata/runtime-rs/bin/containerd-shim-kata-v2",
    "opt/kata/bin/qemu-system-x86_64",
    "opt/kata/bin/cloud-hypervisor",
    "opt/kata/libexec/virtiofsd",
)
# What the configurations name besides programs.
_GUEST = (f"{_SHARE}/kata-containers/vmlinux.container", f"{_SHARE}/kata-containers/kata-containers.img")
_HYPERVISORS = {
    "qemu-runtime-rs": ("qemu", "opt/kata/bin/qemu-system-x86_64"),
    "clh-runtime-rs": ("clh", "opt/kata/bin/cloud-hypervisor"),
}


def part() -> Part:
    """The archives of all versions as a part of the rig."""

    def build_part(place: Workplace, out: Path) -> None:
        for version in versions.KATA:
            build(version, out, place)

    values = {"versions": " ".join(versions.KATA)}
    return Part(NAME, "stand-in of Kata Containers", build_part, (Path(__file__),), values)


def path(version: str) -> str:
    """Where a release lies below the mirror's files."""
    folder = f"github.com/kata-containers/kata-containers/releases/download/{version}"
    return f"{folder}/kata-static-{version}-amd64.tar.zst"


def build(version: str, out: Path, place: Workplace) -> None:
    """Writes the archive of a version below `out`: the same bytes each time. SetupError when zstd fails."""
    target = out / path(version)
    target.parent.mkdir(parents=True)
    unpacked = target.with_suffix("")
    with tarfile.open(unpacked, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, (text, mode) in content(version).items():
            entry = tarfile.TarInfo(f"./{name}")
            entry.mode, entry.size = mode, len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    run.logged(["zstd", "--quiet", "--rm", str(unpacked)], place.log, f"packing {NAME}", place.environ, timeout=60)


def content(version: str) -> dict[str, tuple[str, int]]:
    """Text and mode of each file, by its name in the archive."""
    configurations = {
        f"{_SETTINGS}/configuration-{name}.toml": (_configuration(hypervisor, program), 0o644)
        for name, (hypervisor, program) in _HYPERVISORS.items()
    }
    return {
        "opt/kata/VERSION": (f"{version} ({LABEL})\n", 0o644),
        "opt/kata/README.stand-in": (f"This is a {LABEL}: its programs only say so. No pod runs by them.\n", 0o644),
        **{name: (_program(name, version), 0o755) for name in _PROGRAMS},
        **dict.fromkeys(_GUEST, (f"{LABEL}\n", 0o644)),
        **configurations,
    }


def _program(name: str, version: str) -> str:
    """It answers for its version, as an installation asks it once, and does nothing else."""
    called = name.rpartition("/")[2]
    return f"""\
#!/bin/sh
if [ "$*" = --version ]; then
  echo "{called} {version} ({LABEL})"
  exit 0
fi
echo "{called}: {LABEL}: it runs no virtual machines; use a site whose mirror has upstream's archive" >&2
exit 1
"""


def _configuration(hypervisor: str, program: str) -> str:
    kernel, image = _GUEST
    return f"""\
# A {LABEL}.
[hypervisor.{hypervisor}]
path = "/{program}"
kernel = "/{kernel}"
image = "/{image}"
"""
