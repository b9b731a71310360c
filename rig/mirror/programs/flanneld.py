"""flanneld from upstream's main package, less two backends: that package can neither be imported nor told by tags."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

from rig.mirror.programs.binaries import FLANNEL, FLANNEL_MODULE, FLANNELD
from toolchain.build.golang import go_part, module_directory
from toolchain.build.part import Part, Workplace
from toolchain.errors import SetupError

# `udp` is the only code in C: with it all that flanneld shares with Kubernetes would be compiled once more, for cgo.
# `tencentvpc` is the only client of a cloud.
LEFT_OUT = ("tencentvpc", "udp")


def part() -> Part:
    """flanneld and install-conf as a part of the rig."""

    def build(place: Workplace, out: Path) -> None:
        upstream = module_directory(place, FLANNEL.directory, FLANNEL_MODULE) / "main.go"
        main = out / ".main" / "main.go"
        main.parent.mkdir()
        main.write_text(without_backends(upstream.read_text()))
        programs = tuple(
            replace(program, package=str(main)) if program.output == FLANNELD else program
            for program in FLANNEL.programs
        )
        go_part(FLANNEL.name, FLANNEL.title, FLANNEL.directory, programs).build(place, out)
        shutil.rmtree(main.parent)

    whole = go_part(FLANNEL.name, FLANNEL.title, FLANNEL.directory, FLANNEL.programs)
    return replace(whole, build=build, files=(*whole.files, Path(__file__)))


def without_backends(source: str) -> str:
    """The main package's text without the imports of LEFT_OUT, by which backends register; SetupError if one lacks."""
    for name in LEFT_OUT:
        line = re.compile(rf'^\t_ "{re.escape(FLANNEL_MODULE)}/pkg/backend/{name}"\n', re.MULTILINE)
        source, found = line.subn("", source)
        if found != 1:
            raise SetupError(f"flannel {FLANNEL.version}: its main.go imports no backend {name}; correct flanneld.py")
    return source
