"""CRI-O's own: a drop-in that is read last, and the files of containers/image."""

import json

import pytest

from components import registries
from config import RegistryConfig
from tests.unit.components.labs import GHCR, HUB, PRIVATE, REGISTRIES
from tests.unit.components.runtimes.renderings import Crio, files_of, inputs_of


def test_the_drop_in_is_read_after_the_packages_own_so_that_it_wins() -> None:
    (drop_in,) = [path for path in files_of("crio") if path.startswith("/etc/crio/crio.conf.d/")]
    assert drop_in.rpartition("/")[2] > "10-crio.conf"


def test_no_cgroup_of_conmon_is_named_as_the_systemd_driver_needs_none() -> None:
    assert set(Crio(*REGISTRIES).drop_in["runtime"]) == {"cgroup_manager"}


def test_a_mirrored_registrys_images_lie_at_the_mirror_and_nowhere_else() -> None:
    mirrored = {entry.pop("prefix"): entry for entry in Crio(*REGISTRIES).mirrored}
    assert mirrored == {
        "docker.io": {"location": "hub.test:5000"},
        "ghcr.io": {"location": "mirror.test/ghcr.io"},
        "quay.io": {"location": "quay.test:5001/quay.io"},
        "registry.k8s.io": {"location": "mirror.test/registry.k8s.io"},
    }


def test_the_packages_list_of_registries_to_search_is_left() -> None:
    path = "/etc/containers/registries.conf.d/20-kubelab.conf"
    assert "unqualified-search-registries" not in files_of("crio", *REGISTRIES)[path].text


def test_a_registry_without_a_mirror_needs_no_entry() -> None:
    assert Crio(PRIVATE).mirrored == []
    assert "/etc/containers/registries.conf.d/20-kubelab.conf" not in files_of("crio", PRIVATE)


@pytest.mark.parametrize("without_logins", [(), (HUB, GHCR)], ids=["none", "without logins"])
def test_without_a_login_no_file_of_logins_is_named_or_written(without_logins: tuple[RegistryConfig, ...]) -> None:
    rendering = Crio(*without_logins)
    assert set(rendering.drop_in["image"]) == {"pause_image"}
    assert registries.CREDENTIALS not in rendering.files


def test_the_file_of_logins_has_each_server_that_is_asked_with_one() -> None:
    rendering = Crio(*REGISTRIES)
    assert rendering.drop_in["image"]["global_auth_file"] == registries.CREDENTIALS
    logins = json.loads(rendering.text(registries.CREDENTIALS))
    assert set(logins) == {"auths"}
    assert set(logins["auths"]) == {"quay.io", "quay.test:5001", PRIVATE.host}
    assert rendering.files[registries.CREDENTIALS].mode == "0600"


def test_servers_of_several_registries_have_their_authority_once() -> None:
    written = [path for path in files_of("crio", *REGISTRIES) if "/certs.d/" in path]
    assert sorted(written) == [
        f"/etc/containers/certs.d/{server}/ca.crt" for server in ("hub.test:5000", "mirror.test", PRIVATE.host)
    ]


def test_the_package_is_installed_in_just_the_declared_version() -> None:
    assert inputs_of("crio", versions={"crio": "1.36.3"}) == {"CRIO_VERSION": "1.36.3-*"}
