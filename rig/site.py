"""How others see the lab: `.rig/site.yaml` for the product, `.rig/services.env` for shells. Pure."""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from rig.node.guests import Guest

SITE_HEADER = """\
# The embedded lab as a site: written by `make rig`, gone after `make rig-down`. Paths are relative to this file.
# Your own site file has the same form; see stacks/.
"""
LOCK_FILE = "images.lock.yaml"
LOCK_HEADER = (
    "# The embedded lab's images, as `make image` makes them: written by `make rig`, gone after `make rig-down`.\n"
)
KEYS_BY_FINGERPRINT = ("kubernetes", "crio", "debian")
# Container machines have no disks of their own: a kubelet sees the whole disk of the machine that carries the lab. A
# share of it says nothing of the lab, and one that is filled to 85 % would have a kubelet remove images and pods.
SHARED_DISK = {
    "evictionHard": {
        "memory.available": "100Mi",
        "nodefs.available": "512Mi",
        "nodefs.inodesFree": "1%",
        "imagefs.available": "512Mi",
        "imagefs.inodesFree": "1%",
    },
    "imageGCHighThresholdPercent": 100,
}
# That a mirror's key is taken by verified TLS alone is part of the product too.
REPOSITORIES = (*KEYS_BY_FINGERPRINT, "docker")


@dataclass(frozen=True, slots=True)
class Mirror:
    """The offline mirror: base URLs; `checksums`: SHA-256 (hex) by path of files that are not upstream's own;
    `package_keys`: by repository, the fingerprint of the key that its packages are signed with."""

    files: str
    registry: str
    checksums: Mapping[str, str] = field(default_factory=dict)
    package_keys: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Target:
    """A simulated host or vCenter. `server`: its host:port; `password_file`: beside the site file; `keys`: the places
    on it, by the words of site files."""

    name: str
    server: str
    user: str
    password_file: str
    keys: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Site:
    """What the site file says. `targets`: where machines are made; `image`: of all machines, a word of the lock file;
    `network`: the machines' network (CIDR); `extra_config`, `start_seconds`: of every machine; `runtime_versions`: by
    the words of stack files, where the mirror has others than kubelab's defaults."""

    targets: Sequence[Target]
    image: str
    network: str
    mirror: Mirror
    extra_config: Mapping[str, str] = field(default_factory=dict)
    start_seconds: int = 300
    fail_cgroup_v1: bool = True
    conntrack: bool = True
    ignore_preflight_errors: Sequence[str] = ()
    runtime_versions: Mapping[str, str] = field(default_factory=dict)


def render_site(site: Site) -> str:
    """The site file's text."""
    document = {
        "platform": _platform(site),
        "machine": {
            "cpus": 2,
            "memoryMiB": 2048,
            "diskGiB": 10,
            # A machine that is a container has what its host has.
            "nestedVirtualization": "prefer",
            "startSeconds": site.start_seconds,
            "extraConfig": dict(site.extra_config),
        },
        "addresses": {"mode": "dhcp", "network": site.network},
        "ssh": {"user": "lab"},
        "mirrors": _mirrors(site.mirror),
        "packageKeys": dict(site.mirror.package_keys),
        "runtimeVersions": dict(site.runtime_versions),
        "kubelet": {**SHARED_DISK, **({} if site.fail_cgroup_v1 else {"failCgroupV1": False})},
        "kubeProxy": {} if site.conntrack else {"conntrack": {"maxPerCore": 0, "min": 0}},
        "ignorePreflightErrors": list(site.ignore_preflight_errors),
    }
    return SITE_HEADER + yaml.safe_dump(document, sort_keys=False, width=1000)


def render_lock(images: Iterable[tuple[Path, Guest]]) -> str:
    """The text of the lock file beside the site file, which knows each image by its word; paths are absolute."""
    entries = {guest.image.word: {**guest.image.entry(), "file": str(file.absolute())} for file, guest in images}
    return LOCK_HEADER + yaml.safe_dump({"images": entries}, sort_keys=False, width=1000)


def _platform(site: Site) -> dict[str, object]:
    targets = [_vsphere(target, site.image) for target in site.targets]
    if len(targets) == 1:
        return {"vsphere": targets[0]}
    return {"vsphere": [{"name": target.name, **keys} for target, keys in zip(site.targets, targets, strict=True)]}


def _vsphere(target: Target, image: str) -> dict[str, object]:
    return {
        "server": target.server,
        "user": target.user,
        "passwordFile": target.password_file,
        "tls": {"caFile": "ca/ca.pem"},
        **target.keys,
        "image": image,
    }


def _mirrors(mirror: Mirror) -> dict[str, object]:
    return {
        "caFile": "ca/ca.pem",
        "apt": {name: f"{mirror.files}/apt/{name}" for name in REPOSITORIES},
        "registries": {name: f"{mirror.registry}/v2/{name}" for name in ("registry.k8s.io", "ghcr.io", "docker.io")},
        "files": f"{mirror.files}/files",
        "checksums": dict(mirror.checksums),
    }


def render_services_env(docker_host: str | None) -> str:
    """What `.rig/env` sources while the lab is up: the address of its container engine, None for the client's default.

    An engine of the lab's own is gone with its socket, for example after a reboot.
    """
    header = "# Sourced by .rig/env; written by `make rig`, gone after `make rig-down`.\n"
    if docker_host is None:
        return header
    export = f"export DOCKER_HOST={shlex.quote(docker_host)}"
    if docker_host.startswith("unix://"):
        export = f"[ ! -S {shlex.quote(docker_host.removeprefix('unix://'))} ] || {export}"
    return f"{header}{export}\n"
