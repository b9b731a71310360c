"""Where a node's packages come from, and by which key they are trusted."""

from dataclasses import replace

import pytest

from components import apt
from config import MirrorsConfig
from tests.unit.components.labs import CLUSTER, MIRRORED, UPSTREAM


def sources(mirrors: MirrorsConfig) -> dict[str, dict[str, str]]:
    """The deb822 fields of each repository's source file."""
    found = {}
    for file in apt.files(CLUSTER, mirrors):
        assert file.path.startswith("/etc/apt/sources.list.d/")
        assert file.path.endswith(".sources")
        found[file.path.rpartition("/")[2]] = dict(line.split(": ", 1) for line in file.text.splitlines())
    return found


def keys(mirrors: MirrorsConfig) -> dict[str, tuple[str, str]]:
    """Keyring -> URL and fingerprint."""
    lines = [line.split(" ") for line in apt.keys(CLUSTER, mirrors).splitlines()]
    return {keyring: (url, fingerprint) for keyring, url, fingerprint in lines}


def test_upstream_packages_come_from_kubernetes_and_docker_alone() -> None:
    assert {fields["URIs"] for fields in sources(UPSTREAM).values()} == {
        "https://pkgs.k8s.io/core:/stable:/v1.36/deb/",
        "https://download.docker.com/linux/debian",
    }


def test_with_mirrors_no_package_comes_from_elsewhere() -> None:
    assert {fields["URIs"] for fields in sources(MIRRORED).values()} == {
        "https://mirror.test/apt/kubernetes/core:/stable:/v1.36/deb/",
        "https://mirror.test/apt/docker",
        "https://mirror.test/apt/debian",
    }
    assert all(url.startswith("https://mirror.test/") for url, _ in keys(MIRRORED).values())


def test_one_mirror_replaces_its_own_repository_alone() -> None:
    uris = {
        fields["URIs"] for fields in sources(replace(UPSTREAM, apt_docker="https://mirror.test/apt/docker")).values()
    }
    assert uris == {"https://pkgs.k8s.io/core:/stable:/v1.36/deb/", "https://mirror.test/apt/docker"}


@pytest.mark.parametrize("mirrors", [UPSTREAM, MIRRORED], ids=["upstream", "mirrored"])
def test_every_repository_is_signed_by_a_key_of_its_own(mirrors: MirrorsConfig) -> None:
    signed_by = [fields["Signed-By"] for fields in sources(mirrors).values()]
    assert sorted(signed_by) == sorted(keys(mirrors))
    assert len(set(signed_by)) == len(signed_by)


def test_upstream_keys_are_known_by_their_fingerprints() -> None:
    assert dict(keys(UPSTREAM).values()) == {
        "https://pkgs.k8s.io/core:/stable:/v1.36/deb/Release.key": "DE15B14486CD377B9E876E1A234654DA9A296436",
        "https://download.docker.com/linux/debian/gpg": "9DC858229FC7DD38854AE2D88D81803C0EBFCD88",
    }


def test_a_mirror_signs_with_a_key_of_its_own() -> None:
    assert {fingerprint for _, fingerprint in keys(MIRRORED).values()} == {"-"}


@pytest.mark.parametrize("mirrors", [UPSTREAM, MIRRORED], ids=["upstream", "mirrored"])
def test_a_flat_repository_has_no_components_and_any_other_has_some(mirrors: MirrorsConfig) -> None:
    for fields in sources(mirrors).values():
        assert ("Components" in fields) == (fields["Suites"] != "/")


def test_another_minor_of_kubernetes_comes_from_another_repository() -> None:
    other = replace(CLUSTER, kubernetes_version="1.37.0")
    (uri,) = [repository.uri for repository in apt.repositories(other, UPSTREAM) if repository.name == "kubernetes"]
    assert "/v1.37/" in uri
