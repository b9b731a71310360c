"""gVisor's programs, of its branch for Go, changed for hosts where no score of the OOM killer can be lowered.

Container machines on a host without CAP_SYS_RESOURCE are there; the shim, and runsc for the sandbox, would end.
"""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from rig.mirror.programs.binaries import GVISOR
from toolchain.build.golang import build_environment, go_part
from toolchain.build.part import Part, Workplace
from toolchain.errors import SetupError
from toolchain.system import run


@dataclass(frozen=True, slots=True)
class Change:
    """What is `added` after the one place where a `file` of a vendored module has `found`."""

    file: str
    found: str
    added: str


CHANGES = (
    Change(
        "github.com/containerd/containerd/v2/pkg/sys/oom_linux.go",
        "\tif _, err = f.WriteString(strconv.Itoa(score)); err != nil {\n",
        "\t\tif os.IsPermission(err) {\n\t\t\treturn nil\n\t\t}\n",
    ),
    Change(
        "gvisor.dev/gvisor/runsc/container/container.go",
        "\tif _, err := f.WriteString(strconv.Itoa(scoreAdj)); err != nil {\n",
        "\t\tif os.IsPermission(err) {\n"
        '\t\t\tlog.Warningf("Process (%d) keeps its oom_score_adj: %v", pid, err)\n'
        "\t\t\treturn nil\n"
        "\t\t}\n",
    ),
)


def part() -> Part:
    """The programs as a part of the rig."""

    def build(place: Workplace, out: Path) -> None:
        # Files of the module cache are as their checksums say: what is changed lies in the module's own folder.
        source = out / ".source"
        shutil.copytree(GVISOR.directory, source)
        environ = build_environment(place.environ, cgo=False)
        run.logged([str(place.go), "mod", "vendor"], place.log, "copying what gVisor is built of", environ, cwd=source)
        for change in CHANGES:
            file = source / "vendor" / change.file
            file.write_text(changed(file.read_text(), change))
        go_part(GVISOR.name, GVISOR.title, source, GVISOR.programs, vendored=True).build(place, out)
        shutil.rmtree(source)

    whole = go_part(GVISOR.name, GVISOR.title, GVISOR.directory, GVISOR.programs)
    return replace(whole, build=build, files=(*whole.files, Path(__file__)))


def changed(text: str, change: Change) -> str:
    """A file's text with the change; SetupError unless its place is found once."""
    if text.count(change.found) != 1:
        raise SetupError(f"gVisor {GVISOR.version}: {change.file} has other lines; correct gvisor_programs.py")
    return text.replace(change.found, change.found + change.added)
