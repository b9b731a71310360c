"""A part as data: what it is made of, and the key that says when it must be made again."""

import hashlib
import json
import platform
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

KEY_LENGTH = 16


@dataclass(frozen=True, slots=True)
class Workplace:
    """What a build function may use: where other parts lie, the Go tool, the log file for commands it runs."""

    outputs: Mapping[str, Path]
    go: Path | None
    log: Path
    environ: Mapping[str, str]


Build = Callable[[Workplace, Path], None]


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that is built once and kept.

    `files`: input files and directories; `values`: versions, flags and other plain inputs; `needs`: names of parts
    that must exist first (their keys are inputs too); `build`: fills an empty directory; `binaries`: names of files
    directly in the output that belong on the PATH.
    """

    name: str
    title: str
    build: Build
    files: tuple[Path, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    binaries: tuple[str, ...] = ()


def in_order(parts: Iterable[Part]) -> tuple[Part, ...]:
    """The parts with each one after those it needs, otherwise as given; ValueError on a cycle or an unknown name."""
    by_name = {part.name: part for part in parts}
    done: dict[str, Part] = {}

    def visit(part: Part, path: tuple[str, ...]) -> None:
        if part.name in done:
            return
        if part.name in path:
            raise ValueError(f"parts need each other in a circle: {' -> '.join((*path, part.name))}")
        for need in part.needs:
            if need not in by_name:
                raise ValueError(f"part {part.name} needs {need}, which is not among the parts")
            visit(by_name[need], (*path, part.name))
        done[part.name] = part

    for part in by_name.values():
        visit(part, ())
    return tuple(done.values())


def cache_key(part: Part, root: Path, needed: Mapping[str, str]) -> str:
    """The key of a part, from the content of its files (named relative to `root`), its values and `needed`' keys."""
    facts = {
        "name": part.name,
        "machine": platform.machine(),
        "values": dict(sorted(part.values.items())),
        "needs": {need: needed[need] for need in sorted(part.needs)},
        "files": {str(file.relative_to(root)): _digest(file) for file in input_files(part)},
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:KEY_LENGTH]


def cache_keys(ordered: Iterable[Part], root: Path) -> dict[str, str]:
    """The key of each part; `ordered` as of `in_order`."""
    keys: dict[str, str] = {}
    for part in ordered:
        keys[part.name] = cache_key(part, root, keys)
    return keys


def input_files(part: Part) -> list[Path]:
    """Every input file of a part, its directories walked; compiled Python files and tests of a directory left out."""
    found: set[Path] = set()
    for path in part.files:
        members = path.rglob("*") if path.is_dir() else [path]
        found.update(file for file in members if file.is_file() and "__pycache__" not in file.parts)
    return sorted(file for file in found if not file.name.endswith(("_test.go", ".pyc")))


def _digest(file: Path) -> str:
    mode = "x" if file.stat().st_mode & 0o100 else "-"
    return mode + hashlib.sha256(file.read_bytes()).hexdigest()
