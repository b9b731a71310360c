"""Builds a release's root file system with mmdebstrap, from packages that the archive's keys vouch for."""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from pathlib import Path

from images.debian.namespace import as_root, own_mounts
from images.debian.recipe import Recipe
from images.debian.sources import INDEX_TARGET_FIELDS, release_sources, transport_settings
from toolchain.errors import SetupError
from toolchain.system.run import answer, logged

FILES = Path(__file__).with_name("files")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
RESOLVE_SECONDS, BUILD_SECONDS = 900.0, 3600.0
# Writing files to the disk for safety costs most of the time.
DPKG_OPTIONS = ("force-unsafe-io",)
_INSTALLED = re.compile(r"^Inst (?P<name>\S+) (?:\[\S+\] )?\((?P<version>\S+) ", re.MULTILINE)
_DATE = re.compile(r"^Date: (?P<date>.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Archive:
    """Where packages come from: sources.list lines, and apt's settings for the way there."""

    sources: tuple[str, ...]
    settings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Packages:
    """What will be installed, as `name=version` in order, and when the release was published (Unix seconds).

    That moment changes with point releases alone, so that the same packages give the same image on any day between two.
    """

    versions: tuple[str, ...]
    published: int

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the list: the same packages, the same digest."""
        return hashlib.sha256("".join(f"{line}\n" for line in self.versions).encode()).hexdigest()


def archive_of(recipe: Recipe, environ: Mapping[str, str] = os.environ) -> Archive:
    """Where this machine gets the recipe's release from; SetupError when the archive's keys are not here."""
    doing = f"building {recipe.system}"
    if not KEYRING.is_file():
        raise SetupError(f"{doing}: no {KEYRING}, with the keys of Debian's archive; install debian-archive-keyring")
    targets = answer(
        ["apt-get", "indextargets", "--format", INDEX_TARGET_FIELDS, "Created-By: Packages"], doing, environ
    )
    settings = transport_settings(answer(["apt-config", "dump"], doing, environ).splitlines())
    return Archive(tuple(release_sources(targets, recipe.suite, str(KEYRING))), tuple(settings))


def resolve(
    recipe: Recipe, archive: Archive, scratch: Path, log: Path, environ: Mapping[str, str] = os.environ
) -> Packages:
    """What apt would install today, without downloading a package. SetupError when it cannot be had."""
    doing = f"resolving the packages of {recipe.system}"
    began = log.stat().st_size if log.is_file() else 0
    folder = scratch / "resolved"
    command = mmdebstrap_arguments(recipe, archive, folder, simulate=True)
    logged([*as_root(), *command], log, doing, {**environ, "LC_ALL": "C"}, timeout=RESOLVE_SECONDS)
    try:
        lists = (folder / "var/lib/apt/lists").glob(f"*_dists_{recipe.suite}_InRelease")
        releases = [file.read_text(errors="replace") for file in lists]
    finally:
        if os.geteuid() == 0:
            shutil.rmtree(folder)
        else:
            logged([*as_root(), "rm", "-r", str(folder)], log, doing, environ)
    with log.open("rb") as text:
        text.seek(began)
        said = text.read().decode(errors="replace")
    versions = {f"{found['name']}={found['version']}" for found in _INSTALLED.finditer(said)}
    dates = [parsedate_to_datetime(found["date"]).replace(tzinfo=UTC) for found in map(_DATE.search, releases) if found]
    if not versions or not dates:
        raise SetupError(f"{doing}: mmdebstrap named no packages; log: {log}")
    return Packages(tuple(sorted(versions)), int(max(dates).timestamp()))


def build(
    recipe: Recipe, archive: Archive, packages: Packages, out_tar: Path, log: Path, environ: Mapping[str, str]
) -> None:
    """Writes the root file system to `out_tar`; the commands' output goes to `log`. SetupError when it fails."""
    wrapper = own_mounts(environ) if os.geteuid() == 0 else []
    logged(
        [*wrapper, *mmdebstrap_arguments(recipe, archive, out_tar)],
        log,
        f"building {recipe.system}",
        {
            **environ,
            "LC_ALL": "C",
            "SOURCE_DATE_EPOCH": str(packages.published),
            "KUBELAB_IMAGE_FILES": str(FILES),
            "KUBELAB_IMAGE_SUITE": recipe.suite,
            "KUBELAB_IMAGE_ROOT": str(recipe.identity("root")),
            "KUBELAB_IMAGE_ROOT_PARTITION": str(recipe.identity("root-partition")),
            "KUBELAB_IMAGE_ESP_PARTITION": str(recipe.identity("esp-partition")),
        },
        timeout=BUILD_SECONDS,
    )


def mmdebstrap_arguments(recipe: Recipe, archive: Archive, out: Path, *, simulate: bool = False) -> list[str]:
    """The command line that builds the root file system as a tar, or, simulated, says what it would install."""
    how = (
        ["--simulate", "--verbose", "--mode=root", "--format=directory", "--skip=cleanup/apt/lists"]
        if simulate
        else ["--format=tar", f"--customize-hook={FILES / 'customize.sh'}"]
    )
    return [
        "mmdebstrap",
        "--architectures=amd64",
        "--variant=minbase",
        *how,
        f"--include={','.join(recipe.packages)}",
        *(f"--aptopt={setting}" for setting in archive.settings),
        *(f"--dpkgopt={option}" for option in DPKG_OPTIONS),
        recipe.suite,
        str(out),
        *archive.sources,
    ]


def recipe_digest(recipe: Recipe, code: Sequence[Path]) -> str:
    """SHA-256 (hex) of what of the image is ours: the recipe, and the content of these files and folders."""
    files = sorted(file for path in code for file in (path.rglob("*") if path.is_dir() else [path]) if file.is_file())
    facts = {
        "system": recipe.system,
        "packages": recipe.packages,
        "dpkg": DPKG_OPTIONS,
        "files": [
            [file.name, file.stat().st_mode & 0o111, hashlib.sha256(file.read_bytes()).hexdigest()]
            for file in files
            if file.suffix != ".pyc"
        ],
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
