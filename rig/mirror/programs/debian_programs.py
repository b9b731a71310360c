"""Programs that the mirror and its own packages take from Debian's.

The libraries that they need on a node are among `debian.NODE_PACKAGES`.
"""

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from rig.mirror import debian, versions
from rig.mirror.images import debian_layer
from rig.mirror.images.layers import File
from rig.mirror.machine import architecture
from toolchain.build.part import Part, Workplace
from toolchain.errors import SetupError


@dataclass(frozen=True, slots=True)
class DebianPrograms:
    """Programs of a few Debian packages, to be had like those of a Go build.

    `name`: unique among the rig's parts; `title`: shown as progress; `package`: the Debian package, whose upstream
    version must be `version`; `others`: more packages to take from; `programs`: file name -> path in the packages.
    """

    name: str
    title: str
    package: str
    version: str
    programs: Mapping[str, str]
    others: tuple[str, ...] = ()


DOCKER_ENGINE = DebianPrograms(
    name="docker-engine",
    title=f"Docker Engine {versions.DOCKER} (Debian)",
    package="docker.io",
    version=versions.DOCKER,
    programs={
        "docker": "usr/bin/docker",
        "dockerd": "usr/sbin/dockerd",
        "docker-proxy": "usr/sbin/docker-proxy",
        "docker-init": "usr/bin/tini-static",
    },
    others=("tini",),
)
CONMON = DebianPrograms(
    name="conmon",
    title=f"conmon {versions.CONMON} (Debian)",
    package="conmon",
    version=versions.CONMON,
    programs={"conmon": "usr/bin/conmon"},
)


# It runs beside the file server, not on a node: the C library that it needs is the one of this machine.
REGISTRY = DebianPrograms(
    name="registry",
    title=f"distribution registry {versions.REGISTRY} (Debian)",
    package="docker-registry",
    version=versions.REGISTRY,
    programs={"registry": "usr/bin/docker-registry"},
)


def part(source: DebianPrograms) -> Part:
    """The programs as a part of the rig."""

    def build_part(place: Workplace, out: Path) -> None:
        build(source, architecture(), out, place.log)

    facts = json.dumps(asdict(source), sort_keys=True)
    code = (Path(__file__), Path(debian.__file__), Path(debian_layer.__file__))
    return Part(source.name, source.title, build_part, code, {"source": facts}, binaries=tuple(source.programs))


def build(source: DebianPrograms, machine: str, out: Path, log: Path) -> None:
    """Puts the programs into `out`; `machine`: Debian's name of the architecture.

    SetupError when Debian has another version or a package lacks one of the programs.
    """
    scratch = out / ".packages"
    with debian.archive(debian.PROGRAMS, machine, out / ".apt", log) as archive:
        archive.alone((source.package, *source.others), scratch)
    _check_version(source, scratch)
    tree = debian_layer.unpack(scratch.glob("*.deb"))
    for name, path in source.programs.items():
        found = tree.get(path)
        if not (isinstance(found, File) and isinstance(found.content, bytes)):
            raise SetupError(f"{source.title}: Debian's packages have no program {path}; correct debian_programs.py")
        (out / name).write_bytes(found.content)
        (out / name).chmod(0o755)
    shutil.rmtree(scratch)


def _check_version(source: DebianPrograms, directory: Path) -> None:
    found = sorted(file.name for file in directory.glob(f"{source.package}_*.deb"))
    if not any(re.match(rf"[^_]+_(?:\d+%3a)?{re.escape(source.version)}[+~-]", name) for name in found):
        raise SetupError(f"{source.title}: Debian has {', '.join(found)}; correct rig/mirror/versions.py")
