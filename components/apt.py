"""apt's sources and keys of a node: upstream's repositories, or the same layout on a mirror. Pure data."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from components.guest_file import GuestFile
from config.platform import MirrorsConfig

KEYRINGS = "/etc/apt/keyrings"

_KUBERNETES = "https://pkgs.k8s.io"
_KUBERNETES_FINGERPRINT = "DE15B14486CD377B9E876E1A234654DA9A296436"
_DOCKER = "https://download.docker.com/linux"
_DOCKER_FINGERPRINT = "9DC858229FC7DD38854AE2D88D81803C0EBFCD88"
# A mirror signs with a key of its own: unless the site says which, it is trusted because the mirror's certificate was
# verified.
ANY_FINGERPRINT = "-"


@dataclass(frozen=True, slots=True)
class Repository:
    """One apt repository: `suite` "/" is a flat one without components; `mirrored`: it is the site's own.

    `suite` and `components` may be several, separated by a space. `image_keyring` is a file of the image by whose keys
    it is trusted; empty: by the key at `key_uri`, which is fetched.
    """

    name: str
    uri: str
    suite: str
    components: str
    key_uri: str
    fingerprint: str
    mirrored: bool
    image_keyring: str = ""

    def __post_init__(self) -> None:
        """Raises ValueError for a value that would be several in a source or in a line of keys."""
        lists = (*self.suite.split(" "), *self.components.split(" "))
        for value in (self.name, self.uri, self.key_uri, self.fingerprint, self.image_keyring, *lists):
            if re.search(r"\s", value):
                raise ValueError(f"{value!r}: what describes a package repository has no white space")

    @property
    def keyring(self) -> str:
        """Where the node keeps this repository's key."""
        return self.image_keyring or f"{KEYRINGS}/kubelab-{self.name}.asc"

    @property
    def is_pinned(self) -> bool:
        """Whether its key is known by its fingerprint, not taken as a verified mirror gives it."""
        return not self.image_keyring and self.fingerprint != ANY_FINGERPRINT

    def source(self) -> GuestFile:
        """The repository as a deb822 source; one file per repository, always written whole."""
        components = f"Components: {self.components}\n" if self.components else ""
        return GuestFile(
            f"/etc/apt/sources.list.d/kubelab-{self.name}.sources",
            f"Types: deb\nURIs: {self.uri}\nSuites: {self.suite}\n{components}Signed-By: {self.keyring}\n",
        )


def kubernetes(minor: str, mirrors: MirrorsConfig) -> Repository:
    """Kubernetes' packages of one minor such as `1.36`: each has a repository of its own."""
    uri = f"{mirrors.apt_kubernetes or _KUBERNETES}/core:/stable:/v{minor}/deb/"
    known = ANY_FINGERPRINT if mirrors.apt_kubernetes else _KUBERNETES_FINGERPRINT
    fingerprint = fingerprint_of("kubernetes", known, mirrors)
    return Repository("kubernetes", uri, "/", "", f"{uri}Release.key", fingerprint, bool(mirrors.apt_kubernetes))


def docker(system_id: str, codename: str, mirrors: MirrorsConfig) -> Repository:
    """Docker's packages for a guest system, containerd.io among them."""
    mirror = mirrors.apt_docker.get(system_id, mirrors.apt_docker.get(""))
    uri = mirror or f"{_DOCKER}/{system_id}"
    fingerprint = fingerprint_of("docker", ANY_FINGERPRINT if mirror else _DOCKER_FINGERPRINT, mirrors)
    return Repository("docker", uri, codename, "stable", f"{uri}/gpg", fingerprint, bool(mirror))


def fingerprint_of(name: str, known: str, mirrors: MirrorsConfig) -> str:
    """The fingerprint of a repository's key: the site's, else what is known of it here."""
    return mirrors.package_keys.get(name, known)


def keys(wanted: Iterable[Repository]) -> str:
    """Lines of: keyring path, URL of the key, its fingerprint or "-"; of those whose key is fetched."""
    fetched = (repository for repository in wanted if not repository.image_keyring)
    return "\n".join(f"{repository.keyring} {repository.key_uri} {repository.fingerprint}" for repository in fetched)
