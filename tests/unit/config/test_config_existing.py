"""Machines that exist, from a site file to the checked lab."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from config import ConfigError, LabConfig
from tests.unit.config.lab_folder import KUBERNETES, SHA256, LabFolder

HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAID1XSsUyd6mejvqH1591uXWJu/HmdnX4n/fXlhSA1zr5"
OTHER_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEtjmvLqsfS2xhJUqLnTKA4nwOCwn6GQNtqOQ3IUw3Jd"
KEY = Ed25519PrivateKey.generate()
SITE = f"""
platform:
  existing:
    user: lab
    privateKeyFile: id_ed25519
    machines:
      cp1: {{address: 10.0.0.5, hostKey: "{HOST_KEY} root@cp1"}}
      w1:
        address: w1.lab
        port: 2222
        hostKey: "{OTHER_KEY}"
        user: root
        privateKeyFile: id_w1
        system: ubuntu-24.04
"""
VSPHERE = f"""
  vsphere:
    server: esxi.lab
    user: root
    datastore: ds1
    network: VM Network
    image: {{ova: node.ova, sha256: {SHA256}}}
addresses: {{network: 10.0.0.0/24}}
"""


def private_key(how: PrivateFormat = PrivateFormat.OpenSSH, lock: KeySerializationEncryption | None = None) -> str:
    return KEY.private_bytes(Encoding.PEM, how, lock or NoEncryption()).decode()


def write_key(file: Path, text: str, mode: int = 0o600) -> None:
    file.write_text(text)
    file.chmod(mode)


@pytest.fixture
def folder(minimal: LabFolder) -> LabFolder:
    """A site of existing machines, cp1 and w1, and the keys that it names."""
    minimal.site.write_text(SITE)
    write_key(minimal.path / "id_ed25519", private_key())
    write_key(minimal.path / "id_w1", private_key(PrivateFormat.PKCS8))
    return minimal


def stack(folder: LabFolder, *nodes: str, cluster: str = "") -> None:
    """The stack file with these nodes."""
    lines = "".join(f"    {node}\n" for node in nodes)
    text = f"  kubelab:cluster: {{kubernetesVersion: {KUBERNETES}{cluster}}}\n  kubelab:nodes:\n{lines}"
    folder.stack.write_text(f"config:\n  kubelab:site: ../site.yaml\n{text}")


def problems(folder: LabFolder) -> str:
    with pytest.raises(ConfigError) as raised:
        folder.load()
    return str(raised.value)


def test_a_site_without_a_host_needs_no_password_image_or_network(folder: LabFolder) -> None:
    lab = folder.load()
    assert lab.site.vsphere == ()
    assert lab.site.addresses.network == ""
    assert [(node.name, node.image, node.host) for node in lab.nodes] == [("cp1", None, ""), ("w1", None, "")]
    assert lab.warnings == ()


def test_what_all_machines_have_counts_where_one_has_nothing_of_its_own(folder: LabFolder) -> None:
    cp1, w1 = (node.existing for node in folder.load().nodes)
    assert cp1
    assert w1
    assert (cp1.address, cp1.node_address, cp1.port, cp1.user, cp1.system) == (
        *("10.0.0.5", "10.0.0.5", 22, "lab", "debian-13"),
    )
    assert (w1.address, w1.node_address, w1.port, w1.user, w1.system) == ("w1.lab", None, 2222, "root", "ubuntu-24.04")
    assert (cp1.host_key, w1.host_key) == (HOST_KEY, OTHER_KEY)
    assert cp1.private_key.get_secret_value() == (folder.path / "id_ed25519").read_text()
    assert w1.private_key.get_secret_value() == (folder.path / "id_w1").read_text()


def test_the_system_of_a_node_and_who_logs_in_are_the_machines(folder: LabFolder) -> None:
    lab = folder.load()
    assert [node.system for node in lab.nodes] == ["debian-13", "ubuntu-24.04"]
    assert [lab.site.user_of(node) for node in lab.nodes] == ["lab", "root"]


def test_a_machine_that_exists_is_cleaned_for_another_runtime(folder: LabFolder) -> None:
    assert {node.on_runtime_change for node in folder.load().nodes} == {"resetNode"}


def test_beside_a_host_nodes_of_other_names_are_made_there(folder: LabFolder) -> None:
    folder.site.write_text(SITE + VSPHERE)
    stack(folder, "cp1: {role: controlPlane}", "w1: {role: worker}", "w2: {role: worker}")
    lab = folder.load({"KUBELAB_VSPHERE_PASSWORD": "secret"})
    assert [bool(node.existing) for node in lab.nodes] == [True, True, False]
    assert [lab.site.target_of(node) for node in lab.nodes] == [None, None, lab.site.vsphere[0]]
    assert lab.nodes[2].image == lab.site.vsphere[0].image
    assert lab.nodes[2].on_runtime_change == "replaceMachine"


def test_a_control_plane_that_exists_has_what_it_has_whatever_a_site_says_of_sizes(folder: LabFolder) -> None:
    folder.site.write_text(SITE + VSPHERE + "machine: {cpus: 1, memoryMiB: 1024}\n")
    stack(folder, "cp1: {role: controlPlane}", "w2: {role: worker}")
    assert folder.load({"KUBELAB_VSPHERE_PASSWORD": "secret"}).nodes[1].machine.cpus == 1


def test_a_made_machine_does_not_get_the_address_of_one_that_exists(folder: LabFolder) -> None:
    static = "mode: static, network: 10.0.0.0/24, gateway: 10.0.0.1, nameServers: [10.0.0.2]"
    folder.site.write_text(SITE + VSPHERE.replace("network: 10.0.0.0/24", static))
    stack(folder, "cp1: {role: controlPlane}", "w2: {role: worker, address: 10.0.0.5}")
    assert "machines/cp1/address: found 10.0.0.5, which w2 has too" in problems(folder)


def test_a_stack_may_use_a_part_of_the_machines(folder: LabFolder) -> None:
    stack(folder, "cp1: {role: controlPlane, schedulable: true}")
    assert folder.load().warnings == ()


def warnings_of(folder: LabFolder) -> str:
    lab: LabConfig = folder.load({"KUBELAB_VSPHERE_PASSWORD": "secret"})
    return "\n".join(lab.warnings)


def test_a_machine_of_no_node_is_named_where_its_node_would_be_made_instead(folder: LabFolder) -> None:
    folder.site.write_text(SITE.replace("w1:", "w01:") + VSPHERE)
    assert "platform/existing/machines: found w01, which no node of this stack is called" in warnings_of(folder)


def test_what_counts_for_made_machines_alone_is_named_where_none_is_made(folder: LabFolder) -> None:
    folder.site.write_text(SITE + "machine: {cpus: 4, nestedVirtualization: off}\nssh: {user: lab}\n")
    assert [line.split(": ")[1] for line in warnings_of(folder).splitlines()] == ["machine/cpus", "ssh/user"]


def test_copies_of_one_disk_are_known_by_their_host_key(folder: LabFolder) -> None:
    folder.site.write_text(SITE.replace(OTHER_KEY, HOST_KEY))
    assert "w1/hostKey: found the host key of cp1" in warnings_of(folder)


@pytest.mark.parametrize(
    ("text", "mode", "words"),
    [
        (private_key(), 0o644, "with mode 0644, wanted: 0600"),
        (private_key(lock=BestAvailableEncryption(b"word")), 0o600, "a key with a passphrase"),
        (private_key(PrivateFormat.PKCS8, BestAvailableEncryption(b"word")), 0o600, "a key with a passphrase"),
        (KEY.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode(), 0o600, "a public key"),
        ("hunter2", 0o600, "no key"),
        (private_key()[:120], 0o600, "no whole key"),
    ],
    # Keys are made anew in each process of a run.
    ids=["mode", "passphrase", "passphrase of PKCS 8", "public", "password", "half"],
)
def test_a_private_key_that_cannot_be_used_is_refused_without_a_word_of_it(
    folder: LabFolder, text: str, mode: int, words: str
) -> None:
    write_key(folder.path / "id_ed25519", text, mode)
    said = problems(folder)
    assert "platform/existing/privateKeyFile: found " in said
    assert words in said
    assert "hunter2" not in said
    assert "BEGIN" not in said


def test_a_key_shows_in_no_text_of_a_lab(folder: LabFolder) -> None:
    assert "PRIVATE KEY" not in repr(folder.load())


@pytest.mark.parametrize("missing", ["user: lab", "privateKeyFile: id_ed25519"])
def test_a_machine_without_a_way_in_is_refused_with_its_name(folder: LabFolder, missing: str) -> None:
    folder.edit_site(f"    {missing}\n", "")
    assert f"platform/existing: found no {missing.split(':')[0]} for cp1, wanted:" in problems(folder)
