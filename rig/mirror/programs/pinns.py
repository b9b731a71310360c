"""pinns, CRI-O's helper that keeps namespaces: a C program in CRI-O's Go module, built as its Makefile does."""

from pathlib import Path

from rig.mirror.programs.binaries import CRI_O
from toolchain.build.golang import module_directory
from toolchain.build.part import Part, Workplace
from toolchain.system import run

NAME = "pinns"
_MODULE = "github.com/cri-o/cri-o"
_FLAGS = ("-std=c99", "-Os", "-Wall", "-Wextra", "-static", "-s")


def part() -> Part:
    def build(place: Workplace, out: Path) -> None:
        sources = module_directory(place, CRI_O.directory, _MODULE) / "pinns" / "src"
        files = sorted(str(file) for file in sources.glob("*.c"))
        argv = ["gcc", *_FLAGS, "-o", str(out / NAME), *files]
        run.logged(argv, place.log, f"building {NAME}", place.environ, timeout=120)

    title = f"{NAME} {CRI_O.version}"
    flags = {"flags": " ".join(_FLAGS)}
    return Part(NAME, title, build, files=(CRI_O.directory / "go.mod",), values=flags, binaries=(NAME,))
