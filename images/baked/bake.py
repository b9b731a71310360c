"""Runs steps in a root file system that is not running: as on a machine, but without a kernel or systemd of its own."""

import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from images.baked.wish import Wish
from images.debian.rootfs import FILES as ROOT_FILES
from images.debian.rootfs import Archive
from toolchain.errors import SetupError
from toolchain.system.run import answer, logged

FILES = Path(__file__).with_name("files")
NAMESPACES = ("unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--ipc", "--uts")
# What of a user's environment a step may need, and nothing else of it: the way out of a network.
PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
UNPACK_SECONDS, PACK_SECONDS, STOP_SECONDS = 600.0, 900.0, 120.0
# A root has all kinds of attributes: capabilities of programs, and what overlayfs knows of layers.
ATTRIBUTES = ("--numeric-owner", "--xattrs", "--xattrs-include=*")


def require_able(environ: Mapping[str, str]) -> None:
    """SetupError where no image can be made with something inside: steps need root, and namespaces of their own."""
    doing = "making an image with a stack inside"
    if os.geteuid() != 0:
        raise SetupError(
            f"{doing}: its packages and images are put in as root, with mounts that a user has not; run it as root"
            " (sudo make image ...), or make the plain image, without BAKED=1"
        )
    answer([*NAMESPACES, "--", "true"], f"{doing}: trying namespaces, which a container may not have", environ)


def bake(
    wish: Wish,
    archive: Archive,
    plain: Path,
    moment: int,
    out: Path,
    scratch: Path,
    log: Path,
    environ: Mapping[str, str] = os.environ,
) -> None:
    """Writes to `out` (tar) the root file system `plain` (tar) with what is wished inside.

    `moment`: the time (Unix seconds) of what is made here. `scratch`: an empty directory, which is root's alone as
    long as it has what the steps are given. SetupError when a step fails: its last words are in the evidence.
    """
    doing = f"putting {wish.summary} into the image"
    root, work = scratch / "root", scratch / "work"
    root.mkdir(mode=0o755)
    prepare(work, wish, archive)
    unpack = ("tar", "--extract", "--preserve-permissions", *ATTRIBUTES, "--file", str(plain), "--directory", str(root))
    logged(unpack, log, doing, environ, timeout=UNPACK_SECONDS)
    limit = sum(step.seconds for step in wish.steps) + STOP_SECONDS
    logged(enter_arguments(root, work), log, doing, environment(environ), timeout=limit)
    shutil.rmtree(work)
    (root / "usr/sbin/policy-rc.d").unlink(missing_ok=True)
    logged([str(ROOT_FILES / "clean-root.sh"), str(root)], log, doing, environ)
    logged(pack_arguments(root, moment, out), log, doing, environ, timeout=PACK_SECONDS)


def prepare(work: Path, wish: Wish, archive: Archive) -> None:
    """The directory that the steps are run from."""
    work.mkdir(mode=0o700)
    (work / "bin").mkdir()
    for file in (FILES / "stand-ins").iterdir():
        shutil.copy(file, work / "bin" / file.stem)
    for name in ("policy-rc.d.sh", "run-steps.sh"):
        shutil.copy(FILES / name, work / name)
    (work / "name").write_text(f"{wish.name}\n")
    (work / "apt.conf").write_text("".join(f"{setting}\n" for setting in archive.settings if "CAInfo" not in setting))
    (work / "mirrors").mkdir()
    for name, uri in mirrors(archive.sources).items():
        (work / "mirrors" / name).write_text(f"{uri}\n")
    (work / "steps").mkdir()
    for number, step in enumerate(wish.steps):
        script = work / "steps" / f"{number:02}-{step.file}"
        script.write_text(step.text)
        script.with_suffix(".seconds").write_text(f"{step.seconds}\n")


def mirrors(sources: Iterable[str]) -> dict[str, str]:
    """The lists of mirrors that an image's own sources name, with where this machine gets Debian from instead."""
    found = {}
    for line in sources:
        *_, uri, suite, _ = line.split()
        found["debian-security.list" if suite.endswith("-security") else "debian.list"] = uri
    return found


def enter_arguments(root: Path, work: Path) -> list[str]:
    """The command line that runs the steps in `work` in `root`; all that it starts ends with it."""
    return [*NAMESPACES, "--", str(FILES / "enter.sh"), str(root), str(work)]


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What of an environment the steps see."""
    return {"PATH": PATH, **{name: environ[name] for name in PROXIES if name in environ}}


def pack_arguments(root: Path, moment: int, out: Path) -> Sequence[str]:
    """The command line that packs a root: in one order, and nothing in it younger than `moment`."""
    times = (f"--mtime=@{moment}", "--clamp-mtime", "--pax-option=delete=atime,delete=ctime")
    return [
        "tar",
        "--create",
        "--format=pax",
        "--sort=name",
        *times,
        *ATTRIBUTES,
        "--file",
        str(out),
        "-C",
        str(root),
        ".",
    ]
