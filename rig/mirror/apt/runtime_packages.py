"""The mirror's packages of container runtimes as data, see packages.py."""

from rig.mirror import versions
from rig.mirror.apt.packages import TEXTS, UNITS, Package, PackageGroup, Service
from rig.mirror.debian import Release
from rig.mirror.programs.debian_programs import CONMON, DOCKER_ENGINE

_DOCKER_HOME = "https://www.docker.com"
_DOCKER_RIVALS = "docker.io"


def containerd(guest: Release) -> PackageGroup:
    """containerd as Docker packs it for a release."""
    return PackageGroup(
        f"containerd-{guest.system}",
        f"containerd for {guest.codename}",
        f"docker-{guest.system}",
        (
            Package(
                name="containerd.io",
                version=f"{versions.CONTAINERD}-1{guest.vendor_suffix}",
                summary="An open and reliable container runtime",
                section="devel",
                homepage="https://containerd.io",
                programs={
                    "usr/bin/containerd": ("containerd", "containerd"),
                    "usr/bin/containerd-shim-runc-v2": ("containerd", "containerd-shim-runc-v2"),
                    "usr/bin/ctr": ("containerd", "ctr"),
                    "usr/bin/runc": ("runc", "runc"),
                },
                texts={
                    f"{UNITS}/containerd.service": TEXTS / "containerd.io" / "containerd.service",
                    "etc/containerd/config.toml": TEXTS / "containerd.io" / "config.toml",
                },
                conffiles=("etc/containerd/config.toml",),
                relations={
                    "Provides": "containerd, runc",
                    "Conflicts": "containerd, runc",
                    "Replaces": "containerd, runc",
                },
                service=Service(("containerd.service",), starts=True),
            ),
        ),
    )


def docker(guest: Release) -> PackageGroup:
    """Docker Engine for a release; depends on what docker.io does, less what containerd.io and docker-init replace."""
    version = f"5:{versions.DOCKER}-1{guest.vendor_suffix}"
    return PackageGroup(
        f"docker-{guest.system}",
        f"Docker Engine for {guest.codename}",
        f"docker-{guest.system}",
        (
            Package(
                name="docker-ce",
                version=version,
                summary="Docker: the open-source application container engine",
                section="admin",
                homepage=_DOCKER_HOME,
                programs={
                    f"usr/bin/{program}": (DOCKER_ENGINE.name, program)
                    for program in ("dockerd", "docker-init", "docker-proxy")
                },
                texts={f"{UNITS}/{unit}": TEXTS / "docker-ce" / unit for unit in ("docker.service", "docker.socket")},
                relations={
                    "Depends": "containerd.io (>= 1.4.1), docker-ce-cli, iptables, libc6 (>= 2.34),"
                    " libdevmapper1.02.1 (>= 2:1.02.97), libsystemd0",
                    "Conflicts": _DOCKER_RIVALS,
                    "Replaces": _DOCKER_RIVALS,
                },
                service=Service(("docker.socket", "docker.service"), starts=True, group="docker"),
            ),
            Package(
                name="docker-ce-cli",
                version=version,
                summary="Docker CLI: the open-source application container engine",
                section="admin",
                homepage=_DOCKER_HOME,
                programs={"usr/bin/docker": (DOCKER_ENGINE.name, "docker")},
                relations={"Depends": "libc6 (>= 2.34)", "Conflicts": _DOCKER_RIVALS, "Replaces": _DOCKER_RIVALS},
            ),
        ),
    )


_CRIO_SETTINGS = {
    "etc/crio/crio.conf.d/10-crio.conf": "10-crio.conf",
    "etc/crio/policy.json": "policy.json",
    "etc/containers/registries.conf.d/crio.conf": "registries.conf",
    "etc/cni/net.d/10-crio-bridge.conflist.disabled": "bridge.conflist",
    "etc/crictl.yaml": "crictl.yaml",
    "etc/default/crio": "default",
}
CRIO = PackageGroup(
    "crio",
    "CRI-O",
    "crio",
    (
        Package(
            name="cri-o",
            version=f"{versions.CRI_O}-1.1",
            summary="OCI-based implementation of the Kubernetes Container Runtime Interface",
            section="admin",
            homepage="https://cri-o.io",
            programs={
                "usr/bin/crio": ("cri-o", "crio"),
                "usr/bin/pinns": ("pinns", "pinns"),
                "usr/libexec/crio/conmon": (CONMON.name, "conmon"),
                "usr/libexec/crio/runc": ("runc", "runc"),
            },
            texts={
                f"{UNITS}/crio.service": TEXTS / "cri-o" / "crio.service",
                **{path: TEXTS / "cri-o" / name for path, name in _CRIO_SETTINGS.items()},
            },
            conffiles=tuple(_CRIO_SETTINGS),
            relations={
                # The libraries are those of Debian's conmon.
                "Depends": "iptables, libc6 (>= 2.34), libglib2.0-0 (>= 2.35.8), libsystemd0",
                "Recommends": "kubernetes-cni",
            },
            service=Service(("crio.service",), starts=False),
        ),
    ),
)
