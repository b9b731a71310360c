"""Apt repositories with upstream's layout: index files over a pool of .deb files, not yet signed (see signing.py)."""

import gzip
import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from pathlib import Path

from rig import run
from rig.mirror import versions
from rig.mirror.debian import RELEASE
from rig.mirror.placing import place

RELEASE_DATE = format_datetime(datetime.fromisoformat(versions.KUBERNETES_BUILD_DATE))


@dataclass(frozen=True)
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


def docker(architecture: str) -> Repository:
    """As download.docker.com/linux/debian."""
    return Repository(
        name="docker",
        path="docker",
        release_directory=f"dists/{RELEASE}",
        index_directory=f"dists/{RELEASE}/stable/binary-{architecture}",
        pool=f"dists/{RELEASE}/pool/stable/{architecture}",
        key="docker/gpg",
        release={
            "Origin": "Docker",
            "Label": "Docker CE",
            "Suite": RELEASE,
            "Codename": RELEASE,
            "Components": "stable",
        },
    )


def debian(architecture: str) -> Repository:
    """As Debian's archive, with a small choice of packages; its key, which nodes do not have, lies beside it."""
    return Repository(
        name="debian",
        path="debian",
        release_directory=f"dists/{RELEASE}",
        index_directory=f"dists/{RELEASE}/main/binary-{architecture}",
        pool="pool/main",
        key="debian/archive-key.asc",
        release={"Origin": "Debian", "Label": "Debian", "Suite": RELEASE, "Codename": RELEASE, "Components": "main"},
    )


def repositories(architecture: str) -> tuple[Repository, ...]:
    return kubernetes(architecture), docker(architecture), crio(architecture), debian(architecture)


def build(repository: Repository, debs: Iterable[Path], architecture: str, root: Path) -> None:
    """Fills `root/<path>` with the packages, Packages, Packages.gz and Release; RigError for a broken package.

    Files of one name are one package: what several parts were given by Debian's archive.
    """
    base = root / repository.path
    pool = base / repository.pool
    pool.mkdir(parents=True)
    entries = []
    for _, deb in sorted({deb.name: deb for deb in debs}.items()):
        target = pool / pool_name(deb.name)
        place(deb, target)
        fields = run.answer(["dpkg-deb", "--field", str(deb)], f"reading package {deb.name}", os.environ)
        entries.append(entry(fields, target.relative_to(base).as_posix(), target))
    index = base / repository.index_directory
    index.mkdir(parents=True, exist_ok=True)
    packages = "\n".join(entries).encode()
    (index / "Packages").write_bytes(packages)
    (index / "Packages.gz").write_bytes(gzip.compress(packages, compresslevel=6, mtime=0))
    directory = base / repository.release_directory
    listed = {file.relative_to(directory).as_posix(): file.read_bytes() for file in index.glob("Packages*")}
    (directory / "Release").write_text(release_file(repository, architecture, listed))


def pool_name(file_name: str) -> str:
    """A package's file name without the epoch, as archives have it."""
    name, version, rest = file_name.split("_", 2)
    return f"{name}_{version.split('%3a')[-1]}_{rest}"


def entry(control: str, file_name: str, deb: Path) -> str:
    """A package's paragraph of the Packages file."""
    content = deb.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    return f"{control.rstrip()}\nFilename: {file_name}\nSize: {len(content)}\nSHA256: {digest}\n"


def release_file(repository: Repository, architecture: str, listed: Mapping[str, bytes]) -> str:
    """The Release file's text, with the checksums of the index files `listed` by their paths."""
    fields = {**repository.release, "Architectures": architecture, "Date": RELEASE_DATE}
    lines = [f"{name}: {value}" for name, value in fields.items()]
    lines.append("SHA256:")
    lines += [f" {hashlib.sha256(data).hexdigest()} {len(data)} {path}" for path, data in sorted(listed.items())]
    return "\n".join(lines) + "\n"
