"""containerd's configuration files, read as containerd reads them."""

import tomllib

import pytest

from components import apt, containerd, kubeadm, operating_system
from components.guest_file import GuestFile
from config import versions
from config.versions import KUBERNETES
from tests.unit.components.labs import MIRRORED

NASTY = "https://mirror.test/a\"b\\c'd\u00e9"


def files(mirrors: dict[str, str] | None = None, ca_file: str | None = None) -> dict[str, GuestFile]:
    pause = versions.kubernetes("1.36.3").pause_image
    return {file.path: file for file in containerd.files(pause, mirrors or {}, ca_file)}


def test_runc_uses_systemds_cgroups_as_the_kubelet_does() -> None:
    parsed = tomllib.loads(files()["/etc/containerd/config.toml"].text)
    runtime = parsed["plugins"]["io.containerd.cri.v1.runtime"]["containerd"]
    assert runtime["runtimes"][runtime["default_runtime_name"]]["options"]["SystemdCgroup"] is True


@pytest.mark.parametrize("version", KUBERNETES)
def test_the_sandbox_image_is_the_one_that_kubeadm_names(version: str) -> None:
    release = versions.kubernetes(version)
    parsed = tomllib.loads(containerd.render_config(release.pause_image))
    sandbox = parsed["plugins"]["io.containerd.cri.v1.images"]["pinned_images"]["sandbox"]
    assert sandbox in release.images
    assert sandbox.startswith("registry.k8s.io/pause:")


def test_the_cri_plugin_is_not_disabled_as_in_the_packages_own_file() -> None:
    parsed = tomllib.loads(files()["/etc/containerd/config.toml"].text)
    assert parsed["version"] == 3
    assert "disabled_plugins" not in parsed


def test_registries_are_looked_up_where_their_files_are_written() -> None:
    written = files(dict(MIRRORED.registries))
    parsed = tomllib.loads(written["/etc/containerd/config.toml"].text)
    folder = parsed["plugins"]["io.containerd.cri.v1.images"]["registry"]["config_path"]
    assert {f"{folder}/{registry}/hosts.toml" for registry in MIRRORED.registries} == {
        path for path in written if path.endswith("hosts.toml")
    }


def test_a_mirror_is_the_only_server_of_its_registry() -> None:
    mirror = MIRRORED.registries["ghcr.io"]
    text = files(dict(MIRRORED.registries), apt.MIRROR_CA_FILE)["/etc/containerd/certs.d/ghcr.io/hosts.toml"].text
    parsed = tomllib.loads(text)
    assert parsed["server"] == mirror
    assert parsed["override_path"] is True
    assert parsed["ca"] == apt.MIRROR_CA_FILE
    assert set(parsed["capabilities"]) == {"pull", "resolve"}
    assert "ghcr.io/" not in text.replace(mirror, "")
    assert "skip_verify" not in text


def test_without_an_authority_of_its_own_a_mirror_is_verified_by_the_systems() -> None:
    assert "ca" not in tomllib.loads(containerd.render_hosts("https://mirror.test", None))


def test_without_mirrors_no_registry_is_configured() -> None:
    assert list(files()) == ["/etc/containerd/config.toml"]


def test_any_text_survives_as_a_toml_string() -> None:
    assert tomllib.loads(containerd.render_hosts(NASTY, None))["server"] == NASTY


def test_crictl_and_the_kubelet_ask_the_same_socket() -> None:
    (crictl,) = [file for file in operating_system.files() if file.path == "/etc/crictl.yaml"]
    assert f"runtime-endpoint: {kubeadm.CRI_SOCKETS['containerd']}\n" in crictl.text
