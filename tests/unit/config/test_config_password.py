"""Where the host's password comes from, and that it is shown nowhere."""

import os
from pathlib import Path

import pytest

from config import ConfigError, LabConfig
from config.load import load
from tests.unit.config.lab_folder import KUBERNETES, LabFolder

VARIABLE = "KUBELAB_VSPHERE_PASSWORD"


@pytest.fixture
def with_file(minimal: LabFolder) -> LabFolder:
    """A lab whose site names a password file."""
    minimal.edit_site("user: root", "user: root\n    passwordFile: password")
    (minimal.path / "password").write_text("hunter2\n")
    (minimal.path / "password").chmod(0o600)
    return minimal


def password(lab: LabConfig) -> str | None:
    return lab.site.vsphere[0].password_or_none()


def problems(folder: LabFolder) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        folder.load()
    assert "hunter2" not in str(raised.value)
    return [problem.text for problem in raised.value.problems]


def test_the_password_file_is_read_without_its_line_end(with_file: LabFolder) -> None:
    assert password(with_file.load()) == "hunter2"


@pytest.mark.case("D3")
@pytest.mark.parametrize("written", ["hunter2", "hunter2/x", "/hunter2", "hunter2.txt", "hunter2" * 100])
def test_a_password_in_place_of_its_files_path_is_not_shown(minimal: LabFolder, written: str) -> None:
    """It names no file, and so it may be the password itself."""
    minimal.edit_site("user: root", f"user: root\n    passwordFile: {written}")
    (text,) = problems(minimal)
    assert text.startswith("found a value that is not shown, wanted: the path, seen from the site file's folder,")


@pytest.mark.case("D3")
def test_a_password_of_a_registry_in_place_of_its_files_path_is_not_shown(minimal: LabFolder) -> None:
    minimal.edit_site("addresses:", "registries: {quay.io: {user: a, passwordFile: hunter2}}\naddresses:")
    (text,) = problems(minimal)
    assert "no such file or directory" in text


def test_the_environment_wins_over_the_file(with_file: LabFolder) -> None:
    (with_file.path / "password").unlink()
    assert password(with_file.load({VARIABLE: "of the environment"})) == "of the environment"


def test_an_empty_variable_counts_as_none(with_file: LabFolder) -> None:
    assert password(with_file.load({VARIABLE: ""})) == "hunter2"


def test_the_stack_wins_over_environment_and_file(with_file: LabFolder) -> None:
    with with_file.stack.open("a") as stack:
        stack.write("  kubelab:vspherePassword: {secure: v1:abc}\n")
    (with_file.path / "password").unlink()
    lab = with_file.load({VARIABLE: "of the environment"})
    assert password(lab) is None
    assert lab.site.vsphere[0].password_sought == ("secret stack configuration kubelab:vspherePassword",)


@pytest.mark.usefixtures("with_file")
def test_pulumi_may_say_that_the_stack_has_the_password() -> None:
    lab = load(
        "lab",
        {"kubernetesVersion": KUBERNETES},
        {"cp1": {"role": "controlPlane"}},
        "../site.yaml",
        Path("stacks"),
        {VARIABLE: "of the environment"},
        config_keys=["kubelab:vspherePassword"],
    )
    assert password(lab) is None


def test_without_any_password_the_lab_says_where_it_was_sought(minimal: LabFolder) -> None:
    lab = minimal.load()
    assert password(lab) is None
    assert lab.site.vsphere[0].password_sought == (
        "secret stack configuration kubelab:vspherePassword",
        "environment variable KUBELAB_VSPHERE_PASSWORD",
        "platform/vsphere/passwordFile of site.yaml (none named)",
    )


def test_a_missing_password_is_one_line_that_says_what_to_run(minimal: LabFolder) -> None:
    assert minimal.load().site.vsphere[0].missing_password() == (
        "logging in to esxi.lab as root: found no password in secret stack configuration kubelab:vspherePassword, "
        "environment variable KUBELAB_VSPHERE_PASSWORD, platform/vsphere/passwordFile of site.yaml (none named); "
        "run `pulumi config set --secret kubelab:vspherePassword`"
    )


def test_a_password_file_that_others_may_read_is_refused(with_file: LabFolder) -> None:
    (with_file.path / "password").chmod(0o644)
    assert problems(with_file) == ["found 'password' with mode 0644, wanted: 0600 (chmod 600 password)"]


@pytest.mark.parametrize(
    ("content", "found"), [("", "no text"), ("\n", "no text"), ("hunter2\nhunter2\n", "several lines")]
)
def test_a_password_file_holds_one_line(content: str, found: str, with_file: LabFolder) -> None:
    (with_file.path / "password").write_text(content)
    assert problems(with_file) == [f"found {found} in 'password', wanted: the password alone on one line"]


def test_no_representation_of_a_lab_holds_the_password(with_file: LabFolder) -> None:
    lab = with_file.load()
    assert "hunter2" not in f"{lab} {lab!r} {lab.site.vsphere[0].password}"


def test_faults_of_the_stack_and_of_files_of_the_site_are_reported_together(with_file: LabFolder) -> None:
    os.truncate(with_file.path / "password", 0)
    with_file.stack.write_text(with_file.stack.read_text().replace("role: worker", "role: wroker"))
    assert len(problems(with_file)) == 2


def test_no_file_is_read_for_a_site_that_has_faults_of_its_own(with_file: LabFolder) -> None:
    os.truncate(with_file.path / "password", 0)
    with_file.edit_site("esxi.lab", "esxi lab")
    assert problems(with_file) == ["found 'esxi lab', wanted: host or host:port"]
