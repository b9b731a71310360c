"""Encodings, and what stands around what a file is read for."""

import pytest

from config import ConfigError
from tests.unit.config.bounds.said import lines
from tests.unit.config.lab_folder import LabFolder


@pytest.mark.case("D6")
@pytest.mark.parametrize("special", ["\x1b", "\udcff", "\x7f"])
def test_a_password_with_what_nobody_types_is_refused_without_being_shown(special: str, minimal: LabFolder) -> None:
    with pytest.raises(ConfigError) as raised:
        minimal.load({"KUBELAB_VSPHERE_PASSWORD": f"hunter2{special}"})
    assert "found a control character in environment variable KUBELAB_VSPHERE_PASSWORD" in str(raised.value)
    assert "hunter2" not in str(raised.value)
    minimal.edit_site("user: root", "user: root\n    passwordFile: password")
    (minimal.path / "password").write_bytes(b"hunter2\x1b\n")
    (minimal.path / "password").chmod(0o600)
    (line,) = lines(minimal.load)
    assert line.endswith("found a control character in 'password', wanted: the password alone on one line")


@pytest.mark.case("D2")
@pytest.mark.parametrize(
    "around",
    ["\ufeff{}", "# Zertifikate für das Labor, läuft ab 2036\n{}", "\ufeffsubject=O = Bücher\r\n{}\n# Ende …\n"],
    ids=["byte order mark", "umlauts", "both"],
)
def test_what_stands_around_certificates_is_no_fault_and_goes_nowhere(
    around: str, minimal: LabFolder, certificate: tuple[str, str]
) -> None:
    (minimal.path / "ca.pem").write_text(around.format(certificate[0]), encoding="utf-8")
    minimal.edit_site("user: root", "user: root\n    tls: {caFile: ca.pem}")
    minimal.edit_site("addresses:", "mirrors: {caFile: ca.pem}\naddresses:")
    site = minimal.load().site
    assert site.vsphere[0].tls.ca_pem == site.mirrors.ca_pem == certificate[0]


@pytest.mark.case("D2")
def test_all_certificates_of_a_file_are_kept_in_their_order(
    minimal: LabFolder, certificate: tuple[str, str], other_certificate: str
) -> None:
    windows = f"=== 0440 /etc/sudoers.d/x\r\n{certificate[0]}\r\nzwölf\r\n{other_certificate}".replace("\n", "\r\n")
    (minimal.path / "ca.pem").write_text(windows, newline="")
    minimal.edit_site("user: root", "user: root\n    tls: {caFile: ca.pem}")
    assert minimal.load().site.vsphere[0].tls.ca_pem == certificate[0] + other_certificate


@pytest.mark.case("D2")
@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
@pytest.mark.parametrize("name", ["site.yaml", "ca.pem"])
def test_another_encoding_is_one_line(name: str, encoding: str, minimal: LabFolder) -> None:
    minimal.edit_site("user: root", "user: root\n    tls: {caFile: ca.pem}")
    (minimal.path / name).write_text("platform: {}\n", encoding=encoding)
    if name == "site.yaml":
        minimal.path.joinpath("ca.pem").touch()
    (line,) = lines(minimal.load)
    assert line.endswith("cannot be read: it is not text in UTF-8; save it in that encoding")


@pytest.mark.case("D2")
def test_a_byte_order_mark_before_a_stack_and_a_site_is_no_fault(minimal: LabFolder) -> None:
    for file in (minimal.stack, minimal.site):
        file.write_text(f"\ufeff# für alle\n{file.read_text()}", encoding="utf-8")
    assert [node.name for node in minimal.load().nodes] == ["cp1", "w1"]
