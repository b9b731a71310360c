"""Debian packages for the mirror: what a node's steps install, and what images are made of, with all they depend on."""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from images.debian.sources import INDEX_TARGET_FIELDS, release_sources
from toolchain.errors import SetupError
from toolchain.system import run


@dataclass(frozen=True, slots=True)
class Release:
    """A release of Debian; `system`: a guest system's word in stack files."""

    number: str
    codename: str

    @property
    def system(self) -> str:
        return f"debian-{self.number}"

    @property
    def vendor_suffix(self) -> str:
        """How vendors mark versions of packages that they make for this release."""
        return f"~debian.{self.number}~{self.codename}"


BOOKWORM, TRIXIE = Release("12", "bookworm"), Release("13", "trixie")
GUESTS: Mapping[str, Release] = {release.system: release for release in (TRIXIE, BOOKWORM)}
# What runs on this machine must not need a newer C library than it has; images and nodes may have the older one.
PROGRAMS = BOOKWORM
_QUIET = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
# What kubeadm's preflight looks for, what the kubelet and kube-proxy call, and what the product's steps use: as much of
# Debian's archive as is asked for.
_OF_KUBERNETES = (
    "apt-transport-https",
    "ca-certificates",
    "conntrack",
    "curl",
    "ebtables",
    "ethtool",
    "iproute2",
    "ipset",
    "iptables",
    "kmod",
    "mount",
    "nftables",
    "openssl",
    "procps",
    "socat",
    "util-linux",
)
# What the programs that other packages of the mirror take from Debian's (debian_programs.py) are linked with.
_LIBRARIES = ("libdevmapper1.02.1", "libglib2.0-0", "libsystemd0")
# What handlers are, or are unpacked with.
_OF_HANDLERS = ("bzip2", "crun", "zstd")
NODE_PACKAGES = (*_OF_KUBERNETES, *_LIBRARIES, *_OF_HANDLERS)
# The programs that kube-proxy and flannel call.
NETWORK_IMAGE_PACKAGES = ("conntrack", "ipset", "iptables", "nftables")
SHELL_IMAGE_PACKAGES = ("busybox-static",)
IMAGE_GROUPS = {"network-image": NETWORK_IMAGE_PACKAGES, "shell-image": SHELL_IMAGE_PACKAGES}


class Archive:
    """A release's archive, as the host's apt reaches it; knows nothing of what the host has installed."""

    def __init__(self, options: Sequence[str], log: Path) -> None:
        self._options = options
        self._log = log

    def with_dependencies(self, names: Iterable[str], directory: Path) -> None:
        """Downloads packages and everything they depend on into `directory`, as if nothing were installed."""
        (directory / "partial").mkdir(parents=True)
        into = ["-o", f"Dir::Cache::archives={directory}", "--download-only"]
        self._apt_get([*into, "--yes", "--no-install-recommends", "install", *names], directory)
        shutil.rmtree(directory / "partial")
        (directory / "lock").unlink(missing_ok=True)

    def alone(self, names: Iterable[str], directory: Path) -> None:
        """Downloads these packages into `directory`, and nothing else."""
        directory.mkdir(parents=True)
        self._apt_get(["download", *names], directory)

    def _apt_get(self, arguments: Sequence[str], directory: Path) -> None:
        doing = f"downloading Debian packages ({directory.name})"
        run.logged(["apt-get", *self._options, *arguments], self._log, doing, _QUIET, cwd=directory, timeout=900)


@contextmanager
def archive(release: Release, architecture: str, scratch: Path, log: Path) -> Iterator[Archive]:
    """The archive of a release, its package lists read into `scratch`, which is removed afterwards.

    Addresses come from the host's apt. SetupError when apt fails.
    """
    options = _prepare(scratch, _sources(release), architecture)
    update = ["apt-get", *options, "update"]
    run.logged(update, log, f"reading the package lists of Debian {release.codename}", _QUIET, timeout=300)
    yield Archive(options, log)
    shutil.rmtree(scratch)


def download(release: Release, groups: Mapping[str, Sequence[str]], architecture: str, out: Path, log: Path) -> None:
    """Downloads each group of packages, with everything it depends on, into `out/<group>/`."""
    with archive(release, architecture, out / ".apt", log) as debian:
        for group, names in groups.items():
            debian.with_dependencies(names, out / group)


def _sources(release: Release) -> list[str]:
    if not _KEYRING.is_file():
        raise SetupError(f"Debian packages: no {_KEYRING}, with its archive's keys; install debian-archive-keyring")
    argv = ["apt-get", "indextargets", "--format", INDEX_TARGET_FIELDS, "Created-By: Packages"]
    targets = run.answer(argv, "reading the host's apt sources", os.environ)
    return release_sources(targets, release.codename, str(_KEYRING))


def _prepare(state: Path, sources: list[str], architecture: str) -> list[str]:
    """An apt of its own under `state`, that believes nothing is installed; returns its options."""
    (state / "lists" / "partial").mkdir(parents=True)
    (state / "sources.list").write_text("".join(f"{line}\n" for line in sources))
    (state / "status").touch()
    settings = {
        "APT::Architecture": architecture,
        "APT::Architectures": architecture,
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
        "Acquire::Retries": "2",
        "Acquire::http::Timeout": "20",
        "Dir::State": str(state),
        "Dir::State::status": str(state / "status"),
        "Dir::State::extended_states": str(state / "extended_states"),
        "Dir::State::lists": str(state / "lists"),
        "Dir::Cache": str(state),
        "Dir::Etc::sourcelist": str(state / "sources.list"),
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::Etc::preferences": "/dev/null",
        "Dir::Etc::preferencesparts": "/dev/null",
    }
    return [part for name, value in settings.items() for part in ("-o", f"{name}={value}")]
