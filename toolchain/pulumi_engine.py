"""The Pulumi engine and its Python language host, as parts."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from toolchain.build.golang import GoProgram, go_part, module_directory, parse_version
from toolchain.build.part import Part, Workplace
from toolchain.layout import Layout

MODULES = Path(__file__).with_name("engine")
ENGINE_VERSION = "v3.259.0"
LANGUAGE_HOST_SDK_VERSION = "v3.187.0"
VERSION_VARIABLE = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
ENGINE = "pulumi-engine"
PROGRAM = "pulumi"
LANGUAGE_HOST_NAME = "pulumi-language-python"
INSTALLATION = "pulumi"
LANGUAGE_HOST = "github.com/pulumi/pulumi/sdk/python/cmd/pulumi-language-python/v3"
SDK = "github.com/pulumi/pulumi/sdk/v3"
SHIMS = ("python/cmd/pulumi-language-python-exec", "python/dist/pulumi-resource-pulumi-python")


def engine_part() -> Part:
    """The `pulumi` command."""
    program = GoProgram(
        "pulumi", "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi", f"-X {VERSION_VARIABLE}={ENGINE_VERSION}"
    )
    return go_part(ENGINE, f"Pulumi engine {ENGINE_VERSION}", MODULES / "pulumi", (program,))


def language_host_part() -> Part:
    """`pulumi-language-python`, which looks for its shims beside itself."""
    module = MODULES / "language-python"
    program = GoProgram("pulumi-language-python", LANGUAGE_HOST, f"-X {VERSION_VARIABLE}={LANGUAGE_HOST_SDK_VERSION}")
    host = go_part(LANGUAGE_HOST_NAME, "Pulumi language host for Python", module, (program,))
    engine_module = MODULES / "pulumi"

    def build(place: Workplace, out: Path) -> None:
        host.build(place, out)
        _copy_shims(place, engine_module, out)

    return Part(
        name=host.name,
        title=host.title,
        build=build,
        files=(module, engine_module / "go.mod"),
        values={**host.values, "shims": " ".join(SHIMS)},
        binaries=(*host.binaries, *(Path(shim).name for shim in SHIMS)),
    )


def installation_part() -> Part:
    """Engine, language host and shims in one directory, where the engine looks for what belongs to it."""
    needs = (ENGINE, LANGUAGE_HOST_NAME)
    binaries = (PROGRAM, "pulumi-language-python", *(Path(shim).name for shim in SHIMS))

    def build(place: Workplace, out: Path) -> None:
        for need in needs:
            for file in place.outputs[need].iterdir():
                (out / file.name).hardlink_to(file)

    return Part(INSTALLATION, "Pulumi", build, values={"form": "hard links"}, needs=needs, binaries=binaries)


def _copy_shims(place: Workplace, engine_module: Path, out: Path) -> None:
    source = module_directory(place, engine_module, SDK)
    for shim in SHIMS:
        target = out / Path(shim).name
        shutil.copyfile(source / shim, target)
        target.chmod(0o755)


def usable_engine(layout: Layout, environ: Mapping[str, str]) -> Path | None:
    """The PATH's `pulumi`, when new enough and with a language host beside it; what we built ourselves is left out."""
    others = [part for part in environ.get("PATH", "").split(":") if part and Path(part) != layout.bin]
    found = shutil.which("pulumi", path=":".join(others))
    if found is None or not (Path(found).resolve().parent / "pulumi-language-python").is_file():
        return None
    quiet = {**environ, "PULUMI_SKIP_UPDATE_CHECK": "true", "PULUMI_HOME": str(layout.pulumi_home)}
    try:
        probe = subprocess.run([found, "version"], capture_output=True, text=True, env=quiet, timeout=30)
    except subprocess.TimeoutExpired:
        return None
    if probe.returncode != 0 or parse_version(probe.stdout) < parse_version(ENGINE_VERSION):
        return None
    return Path(found)
