"""Building a .deb file: the same bytes for the same inputs."""

import os
import shutil
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

from rig.mirror import versions
from rig.mirror.apt import maintainer_scripts
from rig.mirror.apt.packages import Package, control
from toolchain.system import run

SOURCE_DATE_EPOCH = str(int(datetime.fromisoformat(versions.KUBERNETES_BUILD_DATE).timestamp()))


def build_packages(
    packages: Iterable[Package], programs: Mapping[str, Path], architecture: str, out: Path, log: Path
) -> None:
    """Writes one .deb file per package into `out`.

    `programs`: by name of a part, the directory with its programs; `architecture`: Debian's name; SetupError when
    dpkg-deb fails.
    """
    out.mkdir(parents=True, exist_ok=True)
    for package in packages:
        staging = out / f".staging-{package.name}"
        shutil.rmtree(staging, ignore_errors=True)
        _stage(package, programs, architecture, staging)
        # Served on the machine it is made on: quick to build and unpack matters, size does not.
        argv = ["dpkg-deb", "--root-owner-group", "-Zzstd", "-z1", "--build", str(staging)]
        environ = {**os.environ, "SOURCE_DATE_EPOCH": SOURCE_DATE_EPOCH}
        target = out / package.file_name(architecture)
        run.logged([*argv, str(target)], log, f"building package {package.name}", environ, timeout=300)
        shutil.rmtree(staging)


def _stage(package: Package, programs: Mapping[str, Path], architecture: str, staging: Path) -> None:
    for path, (build, program) in package.programs.items():
        _put(programs[build] / program, staging / path, 0o755)
    for path, source in package.texts.items():
        _put(source, staging / path, 0o644)
    size = sum(file.stat().st_size for file in staging.rglob("*") if file.is_file())
    meta = staging / "DEBIAN"
    meta.mkdir()
    if package.service is not None:
        for name, script in maintainer_scripts.scripts(package.service).items():
            (meta / name).write_text(script)
            (meta / name).chmod(0o755)
    (meta / "control").write_text(control(package, architecture, size // 1024 + 1))
    if package.conffiles:
        (meta / "conffiles").write_text("".join(f"/{path}\n" for path in package.conffiles))
    for directory in (staging, *(path for path in staging.rglob("*") if path.is_dir())):
        directory.chmod(0o755)


def _put(source: Path | None, target: Path, mode: int) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source is None:
        target.touch()
    else:
        shutil.copyfile(source, target)
    target.chmod(mode)
