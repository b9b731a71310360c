"""Builds the node's root file system with mmdebstrap and imports it as a container image."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Mapping
from pathlib import Path

from images.debian.namespace import own_mounts
from images.debian.sources import INDEX_TARGET_FIELDS, apt_sources, transport_settings
from rig.mirror.debian import RELEASE as SUITE
from toolchain.errors import SetupError
from toolchain.system.run import answer, logged

FILES = Path(__file__).with_name("files")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
ENTRYPOINT = "/usr/local/lib/kubelab/entrypoint.sh"
KEY_LABEL = "kubelab.node.key"
BUILD_SECONDS = 1200.0
IMPORT_SECONDS = 300.0

# Nothing that Debian's cloud image (genericcloud) has not: what a step calls besides, it has to bring. That image has
# socat, ethtool and much more, which others have not.
PACKAGES = (
    "ca-certificates",
    "cloud-init",
    "curl",
    "dbus",
    "iproute2",
    "iptables",
    "iputils-ping",
    "kmod",
    "openssh-server",
    "procps",
    "python3",
    "sudo",
    "systemd",
    "systemd-sysv",
    "util-linux",
)

# Documentation and translations are half of the files; writing them to disk for safety costs most of the time.
DPKG_OPTIONS = (
    "force-unsafe-io",
    "path-exclude=/usr/share/doc/*",
    "path-include=/usr/share/doc/*/copyright",
    "path-exclude=/usr/share/man/*",
    "path-exclude=/usr/share/locale/*",
    "path-exclude=/usr/share/i18n/*",
)


def cache_key(files: Path = FILES) -> str:
    """SHA-256 (hex) of everything that this machine puts into the image: packages, options, files, architecture.

    The versions of the packages are not in it: a newer point release alone does not rebuild the image.
    """
    facts = {
        "suite": SUITE,
        "machine": platform.machine(),
        "packages": PACKAGES,
        "dpkg": DPKG_OPTIONS,
        "entrypoint": ENTRYPOINT,
        "files": {
            file.name: [file.stat().st_mode & 0o777, hashlib.sha256(file.read_bytes()).hexdigest()]
            for file in sorted(files.iterdir())
            if file.is_file()
        },
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def build_rootfs(out_tar: Path, log: Path, environ: Mapping[str, str] = os.environ) -> None:
    """Writes the root file system to `out_tar`, complete or not at all; the commands' output goes to `log`.

    Debian comes from where this machine's apt gets it. Raises SetupError when apt knows no such source, when mmdebstrap
    is missing or fails.
    """
    doing = "building the node image"
    targets = answer(
        ["apt-get", "indextargets", "--format", INDEX_TARGET_FIELDS, "Created-By: Packages"], doing, environ
    )
    sources = apt_sources(targets, SUITE, str(KEYRING) if KEYRING.is_file() else None)
    if not sources:
        raise SetupError(
            f"{doing}: apt has no source of Debian {SUITE} main; add one to /etc/apt and run `apt-get update`"
        )
    settings = transport_settings(answer(["apt-config", "dump"], doing, environ).splitlines())
    out_tar.parent.mkdir(parents=True, exist_ok=True)
    unfinished = out_tar.with_name(f".{out_tar.name}.{os.getpid()}.tar")
    try:
        logged(
            [*own_mounts(environ), *mmdebstrap_arguments(unfinished, sources, settings)],
            log,
            doing,
            {**environ, "KUBELAB_NODE_FILES": str(FILES), "SOURCE_DATE_EPOCH": "0"},
            timeout=BUILD_SECONDS,
        )
        unfinished.replace(out_tar)
    finally:
        unfinished.unlink(missing_ok=True)


def mmdebstrap_arguments(tar: Path, sources: list[str], apt_settings: list[str]) -> list[str]:
    """The command line that builds the root file system from `sources` (sources.list lines)."""
    return [
        "mmdebstrap",
        "--variant=minbase",
        "--format=tar",
        f"--include={','.join(PACKAGES)}",
        *(f"--aptopt={setting}" for setting in apt_settings),
        *(f"--dpkgopt={option}" for option in DPKG_OPTIONS),
        f"--customize-hook={FILES / 'customize.sh'}",
        SUITE,
        str(tar),
        *sources,
    ]


def import_image(docker: str, tar: Path, tag: str, log: Path, environ: Mapping[str, str] = os.environ) -> None:
    """Imports the root file system as image `tag` by the command `docker` (DOCKER_HOST in `environ` says where)."""
    logged(
        [
            docker,
            "import",
            f"--change=ENTRYPOINT {json.dumps([ENTRYPOINT])}",
            "--change=ENV container=docker",
            f"--change=LABEL {KEY_LABEL}={cache_key()}",
            str(tar),
            tag,
        ],
        log,
        "importing the node image",
        environ,
        timeout=IMPORT_SECONDS,
    )


def image_is_current(docker: str, tag: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the engine has image `tag` and it was made from today's inputs."""
    label = f'{{{{index .Config.Labels "{KEY_LABEL}"}}}}'
    listed = answer([docker, "image", "ls", "--quiet", tag], "looking for the node image", environ)
    if not listed.strip():
        return False
    found = answer([docker, "image", "inspect", "--format", label, tag], "looking at the node image", environ)
    return found.strip() == cache_key()
