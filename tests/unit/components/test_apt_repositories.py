"""Where a node's packages come from, and by which key they are trusted."""

from dataclasses import replace

import pytest

from components import apt
from components.runtimes import RUNTIMES
from components.steps.node import prepare_os
from config import MirrorsConfig
from tests.unit.components.labs import MIRRORED, UPSTREAM, node

EACH_RUNTIME = pytest.mark.parametrize("runtime", sorted(RUNTIMES))
EACH_MIRROR = pytest.mark.parametrize("mirrors", [UPSTREAM, MIRRORED], ids=["upstream", "mirrored"])
KUBERNETES = "https://pkgs.k8s.io/core:/stable:/v1.36/deb/"
DOCKER = "https://download.docker.com/linux/debian"
CRIO = "https://download.opensuse.org/repositories/isv:/cri-o:/stable:/v1.36/deb/"
OF_RUNTIME = {"containerd": DOCKER, "docker": DOCKER, "crio": CRIO}


def repositories(mirrors: MirrorsConfig, runtime: str, minor: str = "1.36") -> list[apt.Repository]:
    """The repositories of a node with this runtime."""
    return prepare_os.repositories(node("w1", runtime=runtime), minor, mirrors)


def sources(mirrors: MirrorsConfig, runtime: str) -> dict[str, dict[str, str]]:
    """The deb822 fields of each repository's source file."""
    found = {}
    for repository in repositories(mirrors, runtime):
        file = repository.source()
        assert file.path.startswith("/etc/apt/sources.list.d/kubelab-")
        assert file.path.endswith(".sources")
        assert file.path not in found
        found[file.path] = dict(line.split(": ", 1) for line in file.text.splitlines())
    return found


def uris(mirrors: MirrorsConfig, runtime: str) -> list[str]:
    return [fields["URIs"] for fields in sources(mirrors, runtime).values()]


def keys(mirrors: MirrorsConfig, runtime: str) -> dict[str, tuple[str, str]]:
    """Keyring -> URL and fingerprint."""
    lines = [line.split(" ") for line in apt.keys(repositories(mirrors, runtime)).splitlines()]
    return {keyring: (url, fingerprint) for keyring, url, fingerprint in lines}


@EACH_RUNTIME
def test_upstream_packages_come_from_kubernetes_and_the_runtimes_repository_alone(runtime: str) -> None:
    """Not from apt.kubernetes.io or projectatomic's PPA, which are dead."""
    assert uris(UPSTREAM, runtime) == [KUBERNETES, OF_RUNTIME[runtime]]


@EACH_RUNTIME
def test_with_mirrors_no_package_comes_from_elsewhere(runtime: str) -> None:
    own = {
        "containerd": "https://mirror.test/apt/docker",
        "docker": "https://mirror.test/apt/docker",
        "crio": "https://mirror.test/apt/crio/isv:/cri-o:/stable:/v1.36/deb/",
    }
    assert uris(MIRRORED, runtime) == [
        "https://mirror.test/apt/kubernetes/core:/stable:/v1.36/deb/",
        own[runtime],
        "https://mirror.test/apt/debian",
    ]
    assert all(url.startswith("https://mirror.test/") for url, _ in keys(MIRRORED, runtime).values())


@EACH_RUNTIME
def test_one_mirror_replaces_its_own_repository_alone(runtime: str) -> None:
    mirrored = replace(UPSTREAM, apt_docker={"": "https://mirror.test/apt/docker"})
    expected = {"crio": CRIO}.get(runtime, "https://mirror.test/apt/docker")
    assert uris(mirrored, runtime) == [KUBERNETES, expected]


@EACH_RUNTIME
@EACH_MIRROR
def test_every_repository_has_one_source_file_and_one_line(runtime: str, mirrors: MirrorsConfig) -> None:
    found = uris(mirrors, runtime)
    assert len(set(found)) == len(found)
    assert not [uri for uri in found if " " in uri]


@EACH_MIRROR
def test_docker_comes_from_the_stable_channel_without_edge_and_test(mirrors: MirrorsConfig) -> None:
    found = sources(mirrors, "docker")["/etc/apt/sources.list.d/kubelab-docker.sources"]
    assert found["Components"] == "stable"


@EACH_RUNTIME
@EACH_MIRROR
def test_every_repository_is_signed_by_a_key_of_its_own_which_no_other_is_trusted_by(
    runtime: str, mirrors: MirrorsConfig
) -> None:
    """Each key lies in /etc/apt/keyrings and is named by its source: none is trusted for all, as apt-key's were."""
    signed_by = [fields["Signed-By"] for fields in sources(mirrors, runtime).values()]
    assert sorted(signed_by) == sorted(keys(mirrors, runtime))
    assert len(set(signed_by)) == len(signed_by)
    assert all(keyring.startswith("/etc/apt/keyrings/kubelab-") for keyring in signed_by)


def test_upstream_keys_are_known_by_their_fingerprints_where_upstream_publishes_one() -> None:
    found = {url: fingerprint for runtime in RUNTIMES for url, fingerprint in keys(UPSTREAM, runtime).values()}
    assert found == {
        f"{KUBERNETES}Release.key": "DE15B14486CD377B9E876E1A234654DA9A296436",
        f"{DOCKER}/gpg": "9DC858229FC7DD38854AE2D88D81803C0EBFCD88",
        f"{CRIO}Release.key": apt.ANY_FINGERPRINT,
    }


@EACH_RUNTIME
def test_a_mirror_signs_with_a_key_of_its_own(runtime: str) -> None:
    assert {fingerprint for _, fingerprint in keys(MIRRORED, runtime).values()} == {apt.ANY_FINGERPRINT}


@pytest.mark.case("T12")
@EACH_RUNTIME
@EACH_MIRROR
def test_a_key_that_was_rotated_is_known_by_what_the_site_says_of_it(runtime: str, mirrors: MirrorsConfig) -> None:
    """Without a new release; of a mirror too, whose key is else any that its verified address gives."""
    own = {name: f"{number}" * 40 for number, name in enumerate(("kubernetes", "docker", "crio", "debian"))}
    found = repositories(replace(mirrors, package_keys=own), runtime)
    assert {each.name: each.fingerprint for each in found} == {each.name: own[each.name] for each in found}
    assert [each.uri for each in found] == [each.uri for each in repositories(mirrors, runtime)]


@EACH_RUNTIME
@EACH_MIRROR
def test_keys_are_fetched_by_verified_tls_alone(runtime: str, mirrors: MirrorsConfig) -> None:
    assert all(url.startswith("https://") for url, _ in keys(mirrors, runtime).values())


@EACH_RUNTIME
@EACH_MIRROR
def test_a_flat_repository_has_no_components_and_any_other_has_some(runtime: str, mirrors: MirrorsConfig) -> None:
    for fields in sources(mirrors, runtime).values():
        assert ("Components" in fields) == (fields["Suites"] != "/")


def test_kubernetes_and_crio_come_from_the_repositories_of_one_minor() -> None:
    found = [repository.uri for repository in repositories(UPSTREAM, "crio", "1.37")]
    assert found == [KUBERNETES.replace("1.36", "1.37"), CRIO.replace("1.36", "1.37")]
