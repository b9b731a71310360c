"""Machines as Ubuntu's cloud images boot them, with the files and packages of each release. No Ubuntu runs here."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from components.apt import Repository
from components.guest_systems import GUEST_SYSTEMS
from components.steps.node import install_kubernetes, install_runtime, preflight, prepare_os
from config import MirrorsConfig, NodeConfig, SiteConfig
from tests.shell.guest.machine import Guest
from tests.shell.steps import on_this_machine
from tests.shell.world import CLUSTER, KEY, KEY_FINGERPRINT, MIRROR, RELEASE
from tests.unit.components import labs

RELEASES = tuple(system.version_id for system in GUEST_SYSTEMS.values() if system.id == "ubuntu")
DEFAULT_SOURCES = "/etc/apt/sources.list"
DEB822_SOURCES = "/etc/apt/sources.list.d/ubuntu.sources"
MOVED = "# Ubuntu sources have moved to /etc/apt/sources.list.d/ubuntu.sources\n"
KEYRING = "/usr/share/keyrings/ubuntu-archive-keyring.gpg"
STUB = "# This is /run/systemd/resolve/stub-resolv.conf\nnameserver 127.0.0.53\noptions edns0 trust-ad\nsearch lab\n"

MIRRORS = replace(labs.UPSTREAM, package_keys={"kubernetes": KEY_FINGERPRINT, "docker": KEY_FINGERPRINT})
"""No mirror at all; upstream's keys are those of the tests."""

MIRRORED = replace(
    MIRRORS,
    apt_kubernetes=f"{MIRROR}/apt/kubernetes",
    apt_docker={"ubuntu": f"{MIRROR}/apt/docker-ubuntu", "debian": f"{MIRROR}/apt/docker-debian"},
    apt_ubuntu=f"{MIRROR}/apt/ubuntu",
)


def codename(release: str) -> str:
    """What package sources of a release are called."""
    return GUEST_SYSTEMS[f"ubuntu-{release}"].codename


def os_release(release: str) -> str:
    """/etc/os-release of a release."""
    return (
        f'PRETTY_NAME="Ubuntu {release} LTS"\nNAME="Ubuntu"\nVERSION_ID="{release}"\n'
        f"VERSION_CODENAME={codename(release)}\nID=ubuntu\nID_LIKE=debian\nUBUNTU_CODENAME={codename(release)}\n"
    )


def sources(release: str) -> Mapping[str, str]:
    """The package sources of its cloud image by their paths: one list up to 22.04, deb822 from 24.04 on."""
    name, archive = codename(release), "http://archive.ubuntu.com/ubuntu"
    if release == "22.04":
        suites = (name, f"{name}-updates", f"{name}-security")
        return {DEFAULT_SOURCES: "".join(f"deb {archive} {suite} main restricted universe\n" for suite in suites)}
    stanza = "Types: deb\nURIs: {}\nSuites: {}\nComponents: main universe restricted multiverse\nSigned-By: {}\n"
    archives = ((archive, f"{name} {name}-updates {name}-backports"), (archive, f"{name}-security"))
    return {
        DEFAULT_SOURCES: MOVED,
        DEB822_SOURCES: "\n".join(stanza.format(uri, suites, KEYRING) for uri, suites in archives),
    }


def boot(guest: Guest, release: str) -> None:
    """The machine as its first boot leaves it: resolved's stub, ufw that is off, snapd."""
    guest.write("/etc/os-release", os_release(release))
    for path, text in sources(release).items():
        guest.write(path, text)
    guest.write("/etc/resolv.conf", STUB)
    guest.write("/run/systemd/resolve/resolv.conf", "nameserver 10.87.0.1\nsearch lab\n")
    guest.state("units/systemd-resolved/active", "active")
    guest.write("/etc/ufw/ufw.conf", "# /etc/ufw/ufw.conf\nENABLED=no\nLOGLEVEL=low\n")
    guest.write("/etc/hosts", "127.0.1.1 w1 w1\n127.0.0.1 localhost\n")
    snaps(guest, "core22", "lxd", "snapd")


def snaps(guest: Guest, *names: str) -> None:
    """What snapd has installed, which it can remove."""
    guest.state("snaps", "\n".join(names))
    guest.write(
        "/usr/local/bin/snap",
        "#!/bin/sh\nkept=/var/lib/guest/facts/snaps\n"
        'case $1 in\nlist) echo "Name Version Rev"; sed "s/$/ 1.0 1/" $kept ;;\n'
        'remove) sed -i "/^$3\\$/d" $kept ;;\nesac\n',
        mode=0o755,
    )


def node(release: str, runtime: str = "containerd") -> NodeConfig:
    """A worker whose image holds that release."""
    image = replace(labs.IMAGE, system=f"ubuntu-{release}")
    return replace(labs.node("w1", runtime=runtime), image=image)


def site(mirrors: MirrorsConfig) -> SiteConfig:
    """A site with those mirrors."""
    return replace(labs.SITE, mirrors=mirrors)


def repositories(worker: NodeConfig, mirrors: MirrorsConfig) -> Sequence[Repository]:
    """Where its packages come from."""
    return prepare_os.repositories(worker, RELEASE.minor, mirrors)


def serve(guest: Guest, worker: NodeConfig, mirrors: MirrorsConfig) -> None:
    """The keys of its repositories, at their addresses."""
    for repository in repositories(worker, mirrors):
        if not repository.image_keyring:
            guest.web(repository.key_uri, KEY)


def preflight_of(worker: NodeConfig) -> dict[str, str]:
    """What the preflight of a worker is given that has no mirrors."""
    return on_this_machine(preflight.environment(worker, CLUSTER, site(MIRRORS), [], "10.87.0.11"))


def preparation_of(worker: NodeConfig, mirrors: MirrorsConfig) -> dict[str, str]:
    """What the preparation of a worker is given."""
    return prepare_os.environment(worker, site(mirrors), repositories(worker, mirrors))


def runtime_of(worker: NodeConfig) -> dict[str, str]:
    """What the installation of its runtime is given."""
    return install_runtime.environment(worker, CLUSTER, site(MIRRORS))


def kubernetes_of(worker: NodeConfig) -> dict[str, str]:
    """What the installation of Kubernetes is given."""
    return install_kubernetes.environment(worker, CLUSTER, site(MIRRORS))
