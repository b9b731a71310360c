"""containerd's own: a whole configuration file, and a folder with hosts.toml for each registry."""

from dataclasses import replace

from tests.unit.components.labs import GHCR, GUARDED_MIRROR, HUB, PRIVATE, REGISTRIES
from tests.unit.components.runtimes.renderings import Containerd, files_of, inputs_of

NASTY = "https://mirror.test/a\"b\\c'd\u00e9"


def test_the_cri_plugin_is_not_disabled_as_in_the_packages_own_file() -> None:
    """The same package serves Docker and Kubernetes: what keeps a kubelet from it is this one line."""
    parsed = Containerd().config
    assert parsed["version"] == 3
    assert "disabled_plugins" not in parsed


def test_the_configuration_is_of_the_schema_that_containerd_2_reads() -> None:
    plugins = Containerd(*REGISTRIES).config["plugins"]
    assert set(plugins) == {"io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime"}
    assert set(plugins["io.containerd.cri.v1.images"]["registry"]) == {"config_path"}


def test_every_registry_has_a_folder_where_containerd_looks_for_it() -> None:
    written = {path for path in files_of("containerd", *REGISTRIES) if path.endswith("/hosts.toml")}
    folder = Containerd().plugin("images")["registry"]["config_path"]
    assert written == {f"{folder}/{registry.host}/hosts.toml" for registry in REGISTRIES}


def test_a_mirror_is_asked_by_its_whole_path_and_nothing_else_is_asked() -> None:
    hosts = Containerd(GHCR).hosts("ghcr.io")
    assert hosts["server"] == GHCR.mirror
    assert hosts["override_path"] is True
    assert hosts["capabilities"] == ["pull", "resolve"]
    assert "host" not in hosts


def test_a_registry_of_its_own_keeps_the_path_that_containerd_gives_it() -> None:
    hosts = Containerd(PRIVATE).hosts(PRIVATE.host)
    assert hosts["server"] == f"https://{PRIVATE.host}"
    assert "override_path" not in hosts


def test_without_an_authority_of_its_own_a_mirror_is_verified_by_the_systems() -> None:
    assert "ca" not in Containerd(replace(GHCR, ca_pem="")).hosts("ghcr.io")


def test_only_a_registry_with_a_login_has_a_header_and_a_file_of_root_alone() -> None:
    rendering = Containerd(*REGISTRIES)
    guarded = {registry.host for registry in REGISTRIES if "header" in rendering.hosts(registry.host)}
    assert guarded == {GUARDED_MIRROR.host, PRIVATE.host}
    modes = {host: rendering.files[f"/etc/containerd/certs.d/{host}/hosts.toml"].mode for host in guarded}
    assert set(modes.values()) == {"0600"}
    assert rendering.files[f"/etc/containerd/certs.d/{HUB.host}/hosts.toml"].mode == "0644"


def test_any_text_survives_as_a_toml_string() -> None:
    assert Containerd(replace(GHCR, mirror=NASTY)).hosts("ghcr.io")["server"] == NASTY


def test_the_package_is_installed_in_just_the_declared_version() -> None:
    versions = {"containerd": "2.3.4"}
    assert inputs_of("containerd", versions=versions) == {"CONTAINERD_VERSION": "2.3.4-*"}
