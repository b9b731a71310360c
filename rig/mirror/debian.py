"""Debian packages for the mirror: what a node's steps install, and what images are made of, with all they depend on."""

import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from toolchain.errors import SetupError
from toolchain.system import run

RELEASE = "bookworm"
_RELEASE_NUMBER = "12"
# How vendors mark versions of packages that they make for this release.
VENDOR_SUFFIX = f"~debian.{_RELEASE_NUMBER}~{RELEASE}"
_SUITES = (RELEASE, f"{RELEASE}-updates", f"{RELEASE}-security")
_QUIET = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
# What kubeadm's preflight looks for, what the kubelet and kube-proxy call, and what the product's steps use: as much of
# Debian's archive as is asked for.
NODE_PACKAGES = (
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
# The programs that kube-proxy and flannel call.
NETWORK_IMAGE_PACKAGES = ("conntrack", "ipset", "iptables", "nftables")
SHELL_IMAGE_PACKAGES = ("busybox-static",)
GROUPS = {"node": NODE_PACKAGES, "network-image": NETWORK_IMAGE_PACKAGES, "shell-image": SHELL_IMAGE_PACKAGES}


def source_lines(targets: Iterable[str], architecture: str) -> list[str]:
    """Lines of a sources.list from `REPO_URI|RELEASE|COMPONENT` lines of the host's apt: Debian's own suites alone."""
    rows = (line.strip().split("|") for line in targets if line.count("|") == 2)
    options = f"[arch={architecture} signed-by={_KEYRING}]"
    lines = [
        f"deb {options} {address} {suite} {component}"
        for address, suite, component in rows
        if suite in _SUITES and component == "main"
    ]
    return list(dict.fromkeys(lines))


class Archive:
    """Debian's archive of this release, as the host's apt reaches it; knows nothing of what the host has installed."""

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
def archive(architecture: str, scratch: Path, log: Path) -> Iterator[Archive]:
    """The archive, its package lists read into `scratch`, which is removed afterwards.

    Addresses come from the host's apt. SetupError when the host has no such source or apt fails.
    """
    options = _prepare(scratch, _host_sources(architecture), architecture)
    update = ["apt-get", *options, "update"]
    run.logged(update, log, f"reading the package lists of Debian {RELEASE}", _QUIET, timeout=300)
    yield Archive(options, log)
    shutil.rmtree(scratch)


def download(architecture: str, out: Path, log: Path) -> None:
    """Downloads each group of packages, with everything it depends on, into `out/<group>/`."""
    with archive(architecture, out / ".apt", log) as debian:
        for group, names in GROUPS.items():
            debian.with_dependencies(names, out / group)


def _host_sources(architecture: str) -> list[str]:
    template = "$(REPO_URI)|$(RELEASE)|$(COMPONENT)"
    argv = ["apt-get", "indextargets", "--no-release-info", "--format", template, "Created-By: Packages"]
    lines = source_lines(run.answer(argv, "reading the host's apt sources", os.environ).splitlines(), architecture)
    if not any(f" {RELEASE} main" in line for line in lines):
        raise SetupError(
            f"Debian packages: apt's sources name no {RELEASE} main; add it to /etc/apt/sources.list.d and run again"
        )
    return lines


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
