"""What becomes of registries, those below mirrors and those with an authority or a password of their own."""

from pathlib import Path

import pytest

from config import ConfigError, LabConfig, RegistryConfig
from tests.unit.config.lab_folder import LabFolder


@pytest.fixture
def private(minimal: LabFolder) -> LabFolder:
    """A lab whose site has a registry with a password."""
    registry = "{user: puller, passwordFile: registry-password}"
    minimal.edit_site("addresses:", f"registries:\n  registry.lab:5000: {registry}\naddresses:")
    (minimal.path / "registry-password").write_text("hunter2\n")
    (minimal.path / "registry-password").chmod(0o600)
    return minimal


def only_registry(lab: LabConfig) -> RegistryConfig:
    (registry,) = lab.site.registries
    return registry


def fault(folder: LabFolder) -> str:
    with pytest.raises(ConfigError) as raised:
        folder.load()
    assert "hunter2" not in str(raised.value)
    (problem,) = raised.value.problems
    return str(problem)


def test_a_password_is_read_from_its_file_beside_the_site(private: LabFolder) -> None:
    registry = only_registry(private.load())
    assert (registry.host, registry.mirror, registry.user) == ("registry.lab:5000", "", "puller")
    assert registry.password is not None
    assert registry.password.get_secret_value() == "hunter2"


def test_no_representation_of_a_registry_holds_its_password(private: LabFolder) -> None:
    lab = private.load()
    assert "hunter2" not in f"{lab} {only_registry(lab)!r}"


def test_a_password_file_that_others_may_read_is_refused(private: LabFolder) -> None:
    (private.path / "registry-password").chmod(0o640)
    assert fault(private) == (
        "site.yaml: registries/registry.lab:5000/passwordFile: found 'registry-password' with mode 0640, "
        "wanted: 0600 (chmod 600 registry-password)"
    )


def test_registries_of_both_places_are_one_list_and_each_has_its_own_authority(
    minimal: LabFolder, certificate: tuple[str, str]
) -> None:
    (minimal.path / "ca.pem").write_text(certificate[0])
    minimal.edit_site(
        "addresses:",
        """mirrors: {caFile: ca.pem, registries: {registry.k8s.io: "https://mirror.lab/v2/k8s/"}}
registries:
  quay.io: {mirror: "https://other.lab:5000/v2"}
  ghcr.io: {caFile: ca.pem}
addresses:""",
    )
    assert minimal.load().site.registries == (
        RegistryConfig("ghcr.io", "", certificate[0], "", None),
        RegistryConfig("quay.io", "https://other.lab:5000/v2", "", "", None),
        RegistryConfig("registry.k8s.io", "https://mirror.lab/v2/k8s", certificate[0], "", None),
    )


def test_a_private_key_beside_a_registrys_certificate_is_refused(
    minimal: LabFolder, certificate: tuple[str, str], tmp_path: Path
) -> None:
    (tmp_path / "ca.pem").write_text("".join(certificate))
    minimal.edit_site("addresses:", "registries: {ghcr.io: {caFile: ca.pem}}\naddresses:")
    assert fault(minimal) == (
        "site.yaml: registries/ghcr.io/caFile: found a private key in 'ca.pem', wanted: certificates alone"
    )
