"""The shipped stack on a test site, as an engine would be told of it."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from pulumi.runtime.mocks import MockResourceArgs

from components.lab import Lab
from config import LabConfig, load
from tests.graph.recording import Graph, record, secret

PROJECT = Path(__file__).parents[2]
STACK = "containerd"
PASSWORD = "the-password-of-the-host"
PRIVATE_KEY = "the-private-key"
KUBECONFIG = "the-kubeconfig"


def token_of(node: str) -> str:
    """The join token minted for a node."""
    return f"{node:a>6}.{node:0>16}"


def address_of(node: str) -> str:
    """The address of a node's machine, as its provider answers it."""
    return f"{node}.test"


def moid_of(node: str) -> str:
    """What tells this machine of a node from one made anew."""
    return f"vm-{node}"


def public_key_of(key: str) -> str:
    """The public half of a key pair."""
    return f"ssh-ed25519 {key}"


def answer(args: MockResourceArgs) -> dict[str, Any]:
    """What a provider would add to a resource's inputs; secret where the provider's answer is."""
    match args.typ:
        case "kubelab:index:SshKeyPair":
            return {"privateKey": secret(f"{PRIVATE_KEY} of {args.name}"), "publicKey": public_key_of(args.name)}
        case "kubelab:index:Image":
            return {"diskPath": f"[ds] {args.name}/disk.vmdk"}
        case "kubelab:index:VirtualMachine":
            return {
                "ipAddress": address_of(args.name),
                "moid": moid_of(args.name),
            }
        case "command:remote:Command":
            return {"stdout": stdout(args.name), "stderr": ""}
    return {}


def stdout(name: str) -> str:
    """A step's result."""
    if name.endswith("-mint-token"):
        return f"{token_of(name.removesuffix('-mint-token'))}\nsha256:{'0' * 64}\n"
    return KUBECONFIG if name.endswith("-init") else f"machine-id of {name}\n"


def certificate() -> str:
    """Any certificate, PEM."""
    key, now = ed25519.Ed25519PrivateKey.generate(), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    unsigned = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    dated = unsigned.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    return dated.sign(key, None).public_bytes(Encoding.PEM).decode()


@pytest.fixture(scope="session")
def site_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site with mirrors and passthrough, as the embedded lab has them."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "ca.pem").write_text(certificate())
    site = {
        "platform": {
            "vsphere": {
                "server": "esxi.test:8989",
                "user": "root",
                "tls": {"caFile": "ca.pem"},
                "datastore": "ds",
                "network": "VM Network",
                "image": {"ova": "node.ova", "sha256": "a" * 64},
            }
        },
        "machine": {"cpus": 2, "memoryMiB": 2048, "diskGiB": 10, "extraConfig": {"RUN.mountdmi": "false"}},
        "addresses": {"mode": "dhcp", "network": "10.87.0.0/24"},
        "mirrors": {
            "caFile": "ca.pem",
            "apt": {name: f"https://mirror.test/apt/{name}" for name in ("kubernetes", "docker", "debian")},
            "registries": {"registry.k8s.io": "https://mirror.test/v2/registry.k8s.io"},
            "files": "https://mirror.test/files",
        },
    }
    file = folder / "site.yaml"
    file.write_text(yaml.safe_dump(site))
    return file


@pytest.fixture(scope="session")
def declared() -> dict[str, Any]:
    """The values of the shipped stack, by their names in the project's configuration."""
    text = (PROJECT / f"stacks/Pulumi.{STACK}.yaml").read_text()
    return {key.partition(":")[2]: value for key, value in yaml.safe_load(text)["config"].items()}


@pytest.fixture(scope="session")
def config(declared: dict[str, Any], site_file: Path) -> LabConfig:
    """The shipped stack on the test site."""
    environ = {"KUBELAB_VSPHERE_PASSWORD": PASSWORD}
    site = os.path.relpath(site_file, PROJECT / "stacks")
    return load(STACK, declared["cluster"], declared["nodes"], site, PROJECT / "stacks", environ)


@pytest.fixture(scope="session")
def graph(config: LabConfig) -> Graph:
    """Everything the lab registers."""
    return record(lambda: Lab(config.stack, config, PASSWORD), answer, stack=STACK)
