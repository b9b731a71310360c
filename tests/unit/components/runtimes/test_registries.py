"""Registries as data: which server is asked, and what it is shown."""

import base64
import json
from dataclasses import replace

import pytest

from components import apt, registries
from components.steps.node import preflight
from config import RegistryConfig
from tests.unit.components.labs import (
    AUTHORITY,
    GHCR,
    GUARDED_MIRROR,
    HUB,
    MIRRORED,
    OTHER_AUTHORITY,
    PRIVATE,
    REGISTRIES,
    SITE,
)

PACKAGES = apt.Repository(
    "docker", "https://mirror.test/apt/docker", "bookworm", "stable", "", apt.ANY_FINGERPRINT, mirrored=True
)
DOCKER_HUB = replace(HUB, mirror="", ca_pem="")


@pytest.mark.parametrize(
    ("registry", "server", "location"),
    [
        (DOCKER_HUB, "registry-1.docker.io", "docker.io"),
        (HUB, "hub.test:5000", "hub.test:5000"),
        (GHCR, "mirror.test", "mirror.test/ghcr.io"),
        (PRIVATE, "registry.lab:5000", "registry.lab:5000"),
        (replace(GHCR, mirror="https://mirror.test/v2/a/b/"), "mirror.test", "mirror.test/a/b"),
        (replace(GHCR, mirror="https://mirror.test/v2/"), "mirror.test", "mirror.test"),
    ],
    ids=["docker hub", "at the root", "below a path", "its own", "below two folders", "at the root with a slash"],
)
def test_a_registry_has_a_server_and_a_place_there(registry: RegistryConfig, server: str, location: str) -> None:
    assert registries.server(registry) == server
    assert registries.location(registry) == location


def test_a_login_is_that_of_basic_authorization() -> None:
    authorization = registries.basic_authorization(PRIVATE)
    assert authorization is not None
    assert base64.b64decode(authorization) == b"puller:the-password-of-the-registry"
    assert registries.basic_authorization(GHCR) is None


def test_an_authority_is_given_for_the_server_that_is_asked() -> None:
    found = registries.authority_files("/etc/certs.d", REGISTRIES)
    assert {file.path: file.text for file in found} == {
        "/etc/certs.d/hub.test:5000/ca.crt": AUTHORITY,
        "/etc/certs.d/mirror.test/ca.crt": AUTHORITY,
        "/etc/certs.d/registry.lab:5000/ca.crt": OTHER_AUTHORITY,
    }


def logins(*wanted: RegistryConfig) -> set[str]:
    """The names under which there is a login."""
    found = {file.path: file for file in registries.credential_files(wanted)}
    return set(json.loads(found[registries.CREDENTIALS].text)["auths"])


def test_a_login_is_known_by_the_registrys_name_and_by_the_server_that_is_asked() -> None:
    assert logins(*REGISTRIES) == {"quay.io", "quay.test:5001", "registry.lab:5000"}
    assert registries.credential_files([HUB, GHCR]) == []


def test_a_login_of_docker_io_is_known_by_the_name_that_docker_has_for_it() -> None:
    assert "https://index.docker.io/v1/" in logins(replace(DOCKER_HUB, user="reader", password=PRIVATE.password))


def test_the_kubelet_has_the_home_where_the_logins_are() -> None:
    drop_in, credentials = registries.credential_files([PRIVATE])[1], registries.credential_files([PRIVATE])[0]
    home = drop_in.text.splitlines()[1].removeprefix("Environment=HOME=")
    assert credentials.path == f"{home}/.docker/config.json"
    assert credentials.mode == "0600"
    assert drop_in.path.startswith("/etc/systemd/system/kubelet.service.d/")


def test_a_password_does_not_show_when_a_registry_is_printed() -> None:
    assert "the-password" not in f"{REGISTRIES} {GUARDED_MIRROR!r}"


def test_a_node_must_reach_every_server_of_the_site_that_it_fetches_from() -> None:
    site = replace(SITE, mirrors=MIRRORED, registries=REGISTRIES)
    assert preflight.must_answer([PACKAGES], site) == [
        "https://mirror.test/apt/docker",
        "https://mirror.test/files",
        "https://hub.test:5000/v2/",
        "https://mirror.test/v2/",
        "https://quay.test:5001/v2/",
    ]


def test_a_node_that_fetches_from_upstream_need_reach_no_server_of_the_site() -> None:
    assert preflight.must_answer([replace(PACKAGES, mirrored=False)], SITE) == []


def test_the_preflight_trusts_every_authority_that_the_site_names_each_once() -> None:
    site = replace(SITE, mirrors=MIRRORED, registries=REGISTRIES)
    assert preflight.trusted_authorities(site) == AUTHORITY + OTHER_AUTHORITY
    assert preflight.trusted_authorities(SITE) == ""
