"""The files a lab comes from and those it names: where they are looked for, what they may hold."""

import ssl
from pathlib import Path

import pytest

from config import ConfigError
from config.load import load_file
from tests.unit.config.lab_folder import SHA256, LabFolder


def test_a_path_of_the_stack_is_relative_to_it_and_one_of_the_site_to_the_site(minimal: LabFolder) -> None:
    text = minimal.stack.read_text()
    minimal.stack.write_text(
        text.replace("w1: {role: worker}", f"w1: {{role: worker, image: {{ova: ../w1.ova, sha256: {SHA256}}}}}")
    )
    moved = minimal.path / "site"
    moved.mkdir()
    minimal.site.rename(moved / "site.yaml")
    minimal.stack.write_text(minimal.stack.read_text().replace("../site.yaml", "../site/site.yaml"))
    cp1, w1 = minimal.load().nodes
    assert cp1.image
    assert w1.image
    assert (cp1.image.ova, w1.image.ova) == (str(moved / "node.ova"), str(minimal.path / "w1.ova"))


@pytest.mark.parametrize("ova", ["/images/node.ova", "file:///images/node.ova", "https://images.lab:8443/node.ova"])
def test_an_absolute_path_or_url_of_an_ova_stays_as_it_is(ova: str, minimal: LabFolder) -> None:
    minimal.edit_site("node.ova", ova)
    assert minimal.load().site.vsphere[0].image.ova == ova


def test_a_missing_stack_file_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as raised:
        load_file(Path("stacks/Pulumi.lab.yaml"), {})
    assert str(raised.value.problems[0]) == (
        "stacks/Pulumi.lab.yaml: cannot be read: no such file or directory; write the file or correct the path"
    )


def test_files_outside_the_current_folder_are_named_in_full(
    minimal: LabFolder, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    minimal.edit_site("esxi.lab", "esxi lab")
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    with pytest.raises(ConfigError) as raised:
        minimal.load()
    assert raised.value.problems[0].where == str(minimal.site)


def test_certificates_are_read_from_the_files_the_site_names(minimal: LabFolder, certificate: tuple[str, str]) -> None:
    (minimal.path / "ca").mkdir()
    (minimal.path / "ca" / "ca.pem").write_text(certificate[0])
    minimal.edit_site("user: root", "user: root\n    tls: {caFile: ca/ca.pem}")
    minimal.edit_site("addresses:", "mirrors: {caFile: ca/ca.pem}\naddresses:")
    site = minimal.load().site
    assert site.vsphere[0].tls.ca_pem == certificate[0]
    assert site.mirrors.ca_pem == certificate[0]


@pytest.mark.case("T2")
def test_of_a_certificate_file_nothing_but_its_certificates_is_taken(
    minimal: LabFolder, certificate: tuple[str, str]
) -> None:
    sudoers = "=== 0440 /etc/sudoers.d/extra\nall ALL=(ALL) NOPASSWD: ALL\n"
    named = "Subject: CN = Zertifizierungsstelle für das Labor\n"
    text = f"{sudoers}{certificate[0]}{named}{certificate[0].rstrip()}\n{sudoers}"
    (minimal.path / "ca.pem").write_text(text, encoding="utf-8")
    minimal.edit_site("user: root", "user: root\n    tls: {caFile: ca.pem}")
    minimal.edit_site("addresses:", "mirrors: {caFile: ca.pem}\nregistries: {ghcr.io: {caFile: ca.pem}}\naddresses:")
    site = minimal.load().site
    assert {site.vsphere[0].tls.ca_pem, site.mirrors.ca_pem, site.registries[0].ca_pem} == {certificate[0] * 2}


@pytest.mark.case("T2")
@pytest.mark.parametrize(
    "text", ["", "no certificate\n", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"]
)
def test_a_certificate_file_without_a_certificate_that_can_be_read_is_refused(minimal: LabFolder, text: str) -> None:
    (minimal.path / "ca.pem").write_text(text)
    minimal.edit_site("addresses:", "mirrors: {caFile: ca.pem}\naddresses:")
    with pytest.raises(ConfigError) as raised:
        minimal.load()
    assert [problem.text for problem in raised.value.problems] == [
        "found no certificate in 'ca.pem', wanted: a PEM file with BEGIN CERTIFICATE"
    ]


def test_a_certificate_of_a_version_that_there_is_none_of_is_none(
    minimal: LabFolder, certificate: tuple[str, str]
) -> None:
    third, none = b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x43"
    der = ssl.PEM_cert_to_DER_cert(certificate[0])
    assert third in der
    (minimal.path / "ca.pem").write_text(ssl.DER_cert_to_PEM_cert(der.replace(third, none, 1)))
    minimal.edit_site("user: root", "user: root\n    tls: {caFile: ca.pem}")
    with pytest.raises(ConfigError, match=r"tls/caFile: found no certificate in 'ca\.pem', wanted: a PEM file"):
        minimal.load()


def test_a_private_key_beside_the_certificate_is_refused(minimal: LabFolder, certificate: tuple[str, str]) -> None:
    (minimal.path / "ca.pem").write_text("".join(certificate))
    minimal.edit_site("user: root", "user: root\n    tls: {caFile: ca.pem}")
    with pytest.raises(ConfigError) as raised:
        minimal.load()
    assert [problem.text for problem in raised.value.problems] == [
        "found a private key in 'ca.pem', wanted: certificates alone"
    ]
    assert certificate[1] not in str(raised.value)


def test_a_certificate_file_that_is_not_text_is_refused(minimal: LabFolder) -> None:
    (minimal.path / "ca.der").write_bytes(b"\x30\x82\xff")
    minimal.edit_site("user: root", "user: root\n    tls: {caFile: ca.der}")
    with pytest.raises(ConfigError, match=r"'ca\.der', but ca\.der cannot be read: it is not text in UTF-8"):
        minimal.load()
