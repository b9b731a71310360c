"""Each guest system: where its packages come from, by which keys, and what is known of it."""

import re
from dataclasses import replace
from typing import Any

import pytest

from components import apt
from components.guest_families import unfit
from components.guest_systems import GUEST_SYSTEMS, of_node
from components.records.discovery import default
from components.records.guest_system import GuestSystem
from components.runtimes import RUNTIMES
from components.steps.node import preflight, prepare_os
from config import MirrorsConfig, NodeConfig
from tests.unit.components.labs import CLUSTER, IMAGE, MIRRORED, SITE, UPSTREAM, node

EACH = pytest.mark.parametrize("word", GUEST_SYSTEMS)
EACH_RUNTIME = pytest.mark.parametrize("runtime", sorted(RUNTIMES))

# As /etc/os-release of each says it.
RELEASES = {
    "debian-12": ("debian", "12", "bookworm"),
    "debian-13": ("debian", "13", "trixie"),
    "ubuntu-22.04": ("ubuntu", "22.04", "jammy"),
    "ubuntu-24.04": ("ubuntu", "24.04", "noble"),
    "ubuntu-26.04": ("ubuntu", "26.04", "resolute"),
}


def of(word: str, runtime: str = "containerd") -> NodeConfig:
    """A worker whose image holds that system."""
    return replace(node("w1", runtime=runtime), image=replace(IMAGE, system=word))


def repositories(word: str, mirrors: MirrorsConfig, runtime: str = "containerd") -> dict[str, apt.Repository]:
    """The repositories of a node by their names."""
    return {each.name: each for each in prepare_os.repositories(of(word, runtime), "1.36", mirrors)}


def test_the_known_systems_are_those_of_their_releases() -> None:
    assert {name: (each.id, each.version_id, each.codename) for name, each in GUEST_SYSTEMS.items()} == RELEASES


def test_a_debian_is_the_default() -> None:
    assert default(GUEST_SYSTEMS).id == "debian"


@EACH
def test_a_node_has_the_system_of_its_own_image(word: str) -> None:
    assert of_node(of(word)).name == word


@EACH
@pytest.mark.parametrize("runtime", ["containerd", "docker"])
def test_docker_and_containerd_come_from_the_releases_own_suite(word: str, runtime: str) -> None:
    system = GUEST_SYSTEMS[word]
    found = repositories(word, UPSTREAM, runtime)["docker"]
    assert (found.uri, found.suite) == (f"https://download.docker.com/linux/{system.id}", system.codename)
    assert found.key_uri == f"{found.uri}/gpg"
    assert found.fingerprint == "9DC858229FC7DD38854AE2D88D81803C0EBFCD88"


@EACH_RUNTIME
def test_kubernetes_and_crio_come_from_the_same_place_for_all(runtime: str) -> None:
    found = {repr(repositories(word, UPSTREAM, runtime)["kubernetes"]) for word in GUEST_SYSTEMS}
    assert len(found) == 1
    crio = {repr(repositories(word, UPSTREAM, "crio")["crio"]) for word in GUEST_SYSTEMS}
    assert len(crio) == 1


@EACH
def test_a_mirror_of_dockers_packages_is_the_distributions_or_one_for_all(word: str) -> None:
    system = GUEST_SYSTEMS[word]
    own = replace(UPSTREAM, apt_docker={"debian": "https://mirror.test/d", "ubuntu": "https://mirror.test/u"})
    found = repositories(word, own)["docker"]
    assert (found.uri, found.suite) == (f"https://mirror.test/{system.id[0]}", system.codename)
    assert repositories(word, MIRRORED)["docker"].uri == "https://mirror.test/apt/docker"
    other = replace(UPSTREAM, apt_docker={"elsewhere": "https://mirror.test/e"})
    assert not repositories(word, other)["docker"].mirrored


@EACH
def test_its_archive_is_named_only_where_the_site_mirrors_that_distribution(word: str) -> None:
    system = GUEST_SYSTEMS[word]
    assert set(repositories(word, UPSTREAM)) == {"kubernetes", "docker"}
    found = repositories(word, MIRRORED)
    assert set(found) == {"kubernetes", "docker", system.id}
    assert found[system.id].uri == f"https://mirror.test/apt/{system.id}"
    assert found[system.id].suite.split()[0] == system.codename
    other = replace(MIRRORED, apt_debian=None, apt_ubuntu=None)
    assert set(repositories(word, other)) == {"kubernetes", "docker"}


@pytest.mark.parametrize("word", [name for name in GUEST_SYSTEMS if name.startswith("ubuntu")])
def test_a_copy_of_ubuntus_archive_is_trusted_by_the_images_keys_and_no_other(word: str) -> None:
    found = repositories(word, MIRRORED)["ubuntu"]
    assert "Signed-By: /usr/share/keyrings/ubuntu-archive-keyring.gpg\n" in found.source().text
    assert "ubuntu" not in apt.keys([found])
    name = GUEST_SYSTEMS[word].codename
    assert f"Suites: {name} {name}-updates {name}-security\nComponents: main universe\n" in found.source().text


@pytest.mark.parametrize("word", [name for name in GUEST_SYSTEMS if name.startswith("ubuntu")])
def test_a_mirror_of_ubuntu_that_signs_anew_is_known_by_what_the_site_says(word: str) -> None:
    own = replace(MIRRORED, package_keys={"ubuntu": "A" * 40})
    found = repositories(word, own)["ubuntu"]
    keyring = "/etc/apt/keyrings/kubelab-ubuntu.asc"
    assert f"Signed-By: {keyring}\n" in found.source().text
    assert apt.keys([found]) == f"{keyring} https://mirror.test/apt/ubuntu/archive-key.asc {'A' * 40}"


def test_what_describes_a_repository_holds_no_line_breaks() -> None:
    good = repositories("ubuntu-24.04", MIRRORED)["ubuntu"]
    for field in ("uri", "suite", "components", "key_uri", "image_keyring"):
        changed: dict[str, Any] = {field: "noble\nTrusted: yes"}
        with pytest.raises(ValueError, match="white space"):
            replace(good, **changed)


@EACH
def test_the_preflight_is_told_what_the_machine_must_be_and_what_it_may_say(word: str) -> None:
    system = GUEST_SYSTEMS[word]
    given = preflight.environment(of(word), CLUSTER, SITE, [], "10.87.0.11")
    assert given["GUEST_SYSTEM"] == f"{system.id} {system.version_id}"
    assert f"{system.id} {system.version_id} {word}" in given["KNOWN_SYSTEMS"].splitlines()
    assert given["TIME_SERVICE"].startswith("chrony" if word == "ubuntu-26.04" else "systemd-timesyncd")


def test_only_26_04_is_known_to_break_pods_and_only_by_the_profiles_that_do() -> None:
    known = {name: set(system.known_faults) for name, system in GUEST_SYSTEMS.items() if system.known_faults}
    assert known == {"ubuntu-26.04": {"containerd", "crio"}}


@EACH
def test_what_a_record_says_of_runtimes_is_said_of_known_ones(word: str) -> None:
    system = GUEST_SYSTEMS[word]
    assert {*system.known_faults, *system.first_versions} <= set(RUNTIMES)
    for runtime, first in system.first_versions.items():
        assert [version for version in RUNTIMES[runtime].versions if numbers(version) >= numbers(first)]


def numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


@EACH
def test_a_script_reads_every_text_of_a_record_as_one_line(word: str) -> None:
    system: GuestSystem = GUEST_SYSTEMS[word]
    for text in (system.time_service, system.network_files, *system.known_faults.values()):
        assert text
        assert "\n" not in text


@pytest.mark.parametrize(
    "word",
    [
        *("rocky-10", "rockylinux", "almalinux-9.6", "alma", "rhel-10", "centos-stream-10", "centos", "fedora-44"),
        *("oracle-9", "opensuse-leap-16.0", "sles-15", "SLES", "photon-5.0", "flatcar", "alpine-3.22", "talos"),
    ],
)
def test_the_usual_words_of_unfit_systems_have_a_reason(word: str) -> None:
    assert re.search(r"\b(apt|systemd)\b", unfit.reason(word) or "")


@pytest.mark.parametrize("word", [*GUEST_SYSTEMS, "debian-14", "ubuntu", "mine", "release-1", "-", "13", ""])
def test_nothing_is_said_against_other_words(word: str) -> None:
    assert unfit.reason(word) is None


def test_no_known_system_is_unfit_and_each_reason_is_one_line_for_the_script() -> None:
    names = [name for line in unfit.lines().splitlines() for name in line.partition(" ")[0].split(",")]
    assert sorted(names) == sorted(unfit.REASONS)
    assert not {system.id for system in GUEST_SYSTEMS.values()} & set(names)
