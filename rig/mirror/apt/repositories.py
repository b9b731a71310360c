"""Apt repositories with upstream's layout: apt-ftparchive's indexes over a pool of .deb files, signed by signing.py."""

import gzip
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from pathlib import Path

from rig.mirror import versions
from rig.mirror.debian import Release
from rig.mirror.placing import place
from toolchain.errors import SetupError
from toolchain.system import run

RELEASE_DATE = format_datetime(datetime.fromisoformat(versions.KUBERNETES_BUILD_DATE))


@dataclass(frozen=True, slots=True)
class Repository:
    """One apt repository.

    `path`: below the root of all; `release_directory`: where Release lies (below `path`); `index_directory`: where
    Packages lies (below `path`); `pool`: where the packages lie (below `path`); `key`: where clients get the public key
    (below the root of all), as upstream has it; `release`: fields of the Release file.
    """

    name: str
    path: str
    release_directory: str
    index_directory: str
    pool: str
    key: str
    release: Mapping[str, str]


def kubernetes(architecture: str) -> Repository:
    """As pkgs.k8s.io: one repository per minor version."""
    return _flat("kubernetes", "core:/stable:", "isv:kubernetes:core:stable", versions.KUBERNETES_MINOR, architecture)


def crio(architecture: str) -> Repository:
    """As download.opensuse.org/repositories: one repository per minor version."""
    return _flat("crio", "isv:/cri-o:/stable:", "isv:cri-o:stable", versions.CRI_O_MINOR, architecture)


def _flat(name: str, directory: str, project: str, minor: str, architecture: str) -> Repository:
    """A repository of the openSUSE Build Service: flat, with its key beside it."""
    path = f"{name}/{directory}/v{minor}/deb"
    release = {"Origin": f"obs://build.opensuse.org/{project}:v{minor}/deb", "Label": project}
    return Repository(name, path, ".", ".", architecture, f"{path}/Release.key", release)


def docker(guest: Release, architecture: str) -> Repository:
    """As download.docker.com/linux/debian."""
    return Repository(
        name=f"docker-{guest.system}",
        path="docker",
        release_directory=f"dists/{guest.codename}",
        index_directory=f"dists/{guest.codename}/stable/binary-{architecture}",
        pool=f"dists/{guest.codename}/pool/stable/{architecture}",
        key="docker/gpg",
        release={
            "Origin": "Docker",
            "Label": "Docker CE",
            "Suite": guest.codename,
            "Codename": guest.codename,
            "Components": "stable",
        },
    )


def debian(guest: Release, architecture: str) -> Repository:
    """As Debian's archive, with a small choice of packages; its key, which nodes do not have, lies beside it."""
    return Repository(
        name=guest.system,
        path="debian",
        release_directory=f"dists/{guest.codename}",
        index_directory=f"dists/{guest.codename}/main/binary-{architecture}",
        pool=f"pool/{guest.codename}",
        key="debian/archive-key.asc",
        release={
            "Origin": "Debian",
            "Label": "Debian",
            "Suite": guest.codename,
            "Codename": guest.codename,
            "Components": "main",
        },
    )


def repositories(guests: Iterable[Release], architecture: str) -> tuple[Repository, ...]:
    """Those of a mirror for nodes with these releases."""
    of_guests = (make(guest, architecture) for guest in guests for make in (docker, debian))
    return kubernetes(architecture), crio(architecture), *of_guests


def build_repository(repository: Repository, debs: Iterable[Path], architecture: str, root: Path) -> None:
    """Fills `root/<path>` with the packages, Packages, Packages.gz and Release; SetupError for a broken package.

    Files of one name are one package: what several parts were given by Debian's archive.
    """
    base = root / repository.path
    pool = base / repository.pool
    pool.mkdir(parents=True)
    names = {deb.name: deb for deb in debs}
    for name, deb in names.items():
        place(deb, pool / pool_name(name))
    index = base / repository.index_directory
    index.mkdir(parents=True, exist_ok=True)
    packages = _ftparchive(base, {}, "packages", repository.pool)
    _check(repository, {pool_name(name): deb for name, deb in names.items()}, packages)
    (index / "Packages").write_text(packages)
    (index / "Packages.gz").write_bytes(gzip.compress(packages.encode(), compresslevel=6, mtime=0))
    fields = {**repository.release, "Architectures": architecture, "Date": RELEASE_DATE}
    release = _ftparchive(base, fields, "release", repository.release_directory)
    (base / repository.release_directory / "Release").write_text(release)


def pool_name(file_name: str) -> str:
    """A package's file name without the epoch, as archives have it."""
    name, version, rest = file_name.split("_", 2)
    return f"{name}_{version.split('%3a')[-1]}_{rest}"


def _ftparchive(base: Path, release: Mapping[str, str], command: str, directory: str) -> str:
    """What apt-ftparchive prints, in an order of its own: by name. `directory`: below `base`, and so named in it."""
    settings = {"MD5": "false", "SHA1": "false", "SHA512": "false"}
    settings |= {f"Release::{name}": value for name, value in release.items()}
    options = [part for name, value in settings.items() for part in ("-o", f"APT::FTPArchive::{name}={value}")]
    argv = ["apt-ftparchive", "--quiet", *options, command, directory]
    environ = {**os.environ, "LC_ALL": "C"}
    return run.answer(argv, f"listing the packages of {base.name}", environ, cwd=base, timeout=300)


def _check(repository: Repository, pool: Mapping[str, Path], packages: str) -> None:
    """SetupError for packages that are not listed: apt-ftparchive leaves out what it cannot read, and ends well."""
    listed = {Path(name).name for name in re.findall(r"^Filename: (.+)$", packages, re.MULTILINE)}
    broken = ", ".join(str(deb) for name, deb in pool.items() if name not in listed)
    if broken:
        raise SetupError(
            f"apt repository {repository.name}: apt-ftparchive cannot read {broken};"
            " remove the directory it lies in and run again"
        )
