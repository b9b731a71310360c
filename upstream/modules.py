"""The Go module that the program is built in for a version of Kubernetes: Kubernetes' own, with its parts published."""

import re
import shutil
from pathlib import Path

_MODULE = re.compile(r"^module .*$", re.MULTILINE)
_PART = re.compile(r"=> \./staging/src/(k8s\.io/\S+)")
_PROGRAM = Path(__file__).parent


def sources() -> list[Path]:
    """The Go files of the program."""
    return sorted(_PROGRAM.glob("*.go"))


def parts_version(version: str) -> str:
    """The version under which the parts of Kubernetes `1.36.3` are published: `v0.36.3`."""
    return f"v0.{version.partition('.')[2]}"


def go_mod(kubernetes: str, version: str) -> str:
    """The go.mod of the program, of Kubernetes' own (text): its requirements are those that upstream builds with."""
    named = _MODULE.sub("module kubelab/upstream", kubernetes)
    published = _PART.sub(lambda part: f"=> {part[1]} {parts_version(version)}", named)
    return f"{published}\nrequire k8s.io/kubernetes v{version}\n"


def write(source: Path, version: str, folder: Path) -> None:
    """Makes the module in an empty folder; `source` is where Kubernetes of that version lies in the module cache."""
    (folder / "go.mod").write_text(go_mod((source / "go.mod").read_text(), version))
    (folder / "go.sum").write_text((source / "go.sum").read_text())
    for file in sources():
        shutil.copy(file, folder)
