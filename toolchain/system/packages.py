"""The host's packages: what is missing, and installing it without starting or enabling a service."""

import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from toolchain.errors import SetupError
from toolchain.progress import Progress
from toolchain.system import run
from toolchain.system.host import Host, search_path

SERVICES = ("docker.service", "docker.socket", "containerd.service", "ssh.service", "ssh.socket")
POLICY = Path("/usr/sbin/policy-rc.d")
APT_LISTS = Path("/var/lib/apt/lists")
APT_OPTIONS = ("-o", "Acquire::Retries=1", "-o", "Acquire::http::Timeout=20", "-o", "DPkg::Lock::Timeout=120")
POLICY_TEXT = "#!/bin/sh\n# kubelab: packages being installed start no service; removed afterwards\nexit 101\n"


@dataclass(frozen=True, slots=True)
class Package:
    """A Debian package and the commands or absolute paths that show its presence, however they were installed."""

    name: str
    signs: tuple[str, ...]


def parse(text: str) -> tuple[Package, ...]:
    """The packages of a host-packages.txt; `#` starts a comment."""
    rows = (line.split("#")[0].split() for line in text.splitlines())
    return tuple(Package(row[0], tuple(row[1:])) for row in rows if row)


def missing(packages: Iterable[Package], path: str) -> tuple[Package, ...]:
    """The packages of which some sign is not there."""
    return tuple(package for package in packages if not all(_present(sign, path) for sign in package.signs))


def ensure(listing: Path, host: Host, log: Path, progress: Progress) -> None:
    """Installs missing packages as root on Debian; otherwise SetupError names the command that does."""
    wanted = parse(listing.read_text())
    if host.root:
        _forget_policy()
        _fill_lists(host, log, progress)
    lacking = missing(wanted, search_path())
    if not lacking:
        return
    names = [package.name for package in lacking]
    command = f"apt-get install --no-install-recommends {' '.join(names)}"
    if not (host.root and host.apt):
        how = f"run `sudo {command}`" if host.apt else f"install what Debian calls {' '.join(names)}"
        signs = ", ".join(sign for package in lacking for sign in package.signs if not _present(sign, search_path()))
        raise SetupError(f"host packages: {signs} not found; {how}, then run this again")
    before = _service_files()
    with progress.step(f"Debian packages {' '.join(names)}"), _no_service_starts():
        _install(names, log)
    _disable(_service_files() - before, log)
    still = missing(lacking, search_path())
    if still:
        signs = ", ".join(sign for package in still for sign in package.signs)
        raise SetupError(f"host packages: installed {' '.join(names)}, but {signs} is still missing; log: {log}")


def _fill_lists(host: Host, log: Path, progress: Progress) -> None:
    """Container images come without apt's package lists, from which the node image is built too."""
    if host.apt and not any(APT_LISTS.glob("*Packages*")):
        with progress.step("apt's package lists"):
            run.logged(
                ["apt-get", *APT_OPTIONS, "update"], log, "refreshing apt's package lists", os.environ, timeout=300
            )


def _present(sign: str, path: str) -> bool:
    return Path(sign).exists() if sign.startswith("/") else shutil.which(sign, path=path) is not None


def _install(names: list[str], log: Path) -> None:
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", *APT_OPTIONS, "install", "--yes", "--no-install-recommends", *names]
    try:
        run.logged(install, log, "installing Debian packages", environ, timeout=900)
    except SetupError:
        run.logged(["apt-get", *APT_OPTIONS, "update"], log, "refreshing apt's package lists", environ, timeout=300)
        run.logged(install, log, "installing Debian packages", environ, timeout=900)


@contextmanager
def _no_service_starts() -> Iterator[None]:
    """Debian asks policy-rc.d before it starts a service. One that is already there is the owner's and stays."""
    if POLICY.exists():
        yield
        return
    scratch = POLICY.with_name(".policy-rc.d.kubelab")
    scratch.write_text(POLICY_TEXT)
    scratch.chmod(0o755)
    scratch.replace(POLICY)
    try:
        yield
    finally:
        POLICY.unlink(missing_ok=True)


def _forget_policy() -> None:
    """Removes what an interrupted run of ours left."""
    if POLICY.is_file() and POLICY.read_text(errors="replace") == POLICY_TEXT:
        POLICY.unlink()


def _service_files() -> frozenset[str]:
    return frozenset(name for name in SERVICES if (Path("/lib/systemd/system") / name).is_file())


def _disable(services: frozenset[str], log: Path) -> None:
    """Newly installed services shall not start at the next boot either: the lab starts what it needs itself."""
    if not services or shutil.which("systemctl", path=search_path()) is None:
        return
    running = Path("/run/systemd/system").is_dir()
    argv = ["systemctl", "disable", *(["--now"] if running else []), *sorted(services)]
    try:
        run.logged(argv, log, "disabling newly installed services", os.environ, timeout=60)
    except SetupError as error:
        raise SetupError(f"{error}; run `{subprocess.list2cmdline(argv)}` by hand", error.evidence) from error
