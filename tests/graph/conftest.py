"""The shipped stacks on a test site, as an engine would be told of them."""

import os
from collections.abc import Callable, Collection, Mapping
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
from components.vsphere import MachineProvider
from config import LabConfig
from config.load import load
from tests.graph.recording import UNKNOWN, Graph, record, secret

PROJECT = Path(__file__).parents[2]
STACK = "containerd"
STACKS = ("containerd", "docker", "crio", "mixed")
PASSWORD = "the-password-of-the-host"
PRIVATE_KEY = "the-private-key"
BORN = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
"""When the cluster's authority was made, as its step says it."""
END = f"{datetime.now(UTC) + timedelta(days=1000):%Y-%m-%dT%H:%M:%SZ}"
KUBECONFIG = f"# The first certificate ends on {END}.\nthe-kubeconfig"
REGISTRY_PASSWORD = "the-password-of-the-registry"
REGISTRIES = {"registry.lab:5000": {"caFile": "ca.pem", "user": "puller", "passwordFile": "registry-password"}}
"""A registry that wants a login, as a site file has it."""

Declared = dict[str, Any]
Nodes = Mapping[str, Mapping[str, Any]]


def certificate_of(node: str) -> str:
    """What the cluster signed for a node."""
    return f"the-certificate-of-{node}"


def address_of(node: str) -> str:
    """The address of a node's machine, as its provider answers it."""
    return f"{node}.test"


def moid_of(node: str) -> str:
    """What tells this machine of a node from one made anew."""
    return f"vm-{node}"


def facts_of(node: str) -> str:
    """What the inspection of a node says: the command provider takes the last newline of a result away."""
    return f"{node} answering the runtime of {node}\n{node} crictl its socket"


def public_key_of(key: str) -> str:
    """The public half of a key pair."""
    return f"ssh-ed25519 {key} comment"


def answer(args: MockResourceArgs) -> dict[str, Any]:
    """What a provider would add to a resource's inputs; secret where the provider's answer is."""
    match args.typ:
        case "kubelab:index:SshKeyPair":
            return {"privateKey": secret(f"{PRIVATE_KEY} of {args.name}"), "publicKey": public_key_of(args.name)}
        case "kubelab:index:Image":
            return {"diskPath": f"[ds] {args.name}/disk.vmdk"}
        case "kubelab:index:VirtualMachine":
            placed = {"host": f"on {args.name}"} if "images" in args.inputs else {}
            return {"ipAddress": address_of(args.name), "moid": moid_of(args.name), **placed}
        case "command:remote:Command":
            return {"stdout": stdout(args.name), "stderr": ""}
    return {}


def stdout(name: str) -> str:
    """A step's result."""
    if name.endswith("-membership"):
        return f"{certificate_of(name.removesuffix('-membership'))}\nthe-authority"
    if name.endswith("-inspect"):
        return facts_of(name.removesuffix("-inspect"))
    if name.endswith("-certificates"):
        return KUBECONFIG
    return BORN if name.endswith("-init") else f"machine-id of {name}\n"


def certificate() -> str:
    """Any certificate, PEM."""
    key, now = ed25519.Ed25519PrivateKey.generate(), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    unsigned = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    dated = unsigned.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    return dated.sign(key, None).public_bytes(Encoding.PEM).decode()


def site(**added: object) -> Declared:
    """A site with mirrors and passthrough, as the embedded lab has them."""
    vsphere = {
        "server": "esxi.test:8989",
        "user": "root",
        "tls": {"caFile": "ca.pem"},
        "datastore": "ds",
        "network": "VM Network",
        "image": {"ova": "node.ova", "sha256": "a" * 64},
    }
    return {
        "platform": {"vsphere": vsphere},
        "machine": {"cpus": 2, "memoryMiB": 2048, "diskGiB": 10, "extraConfig": {"RUN.mountdmi": "false"}},
        "addresses": {"mode": "dhcp", "network": "10.87.0.0/24"},
        "mirrors": {
            "caFile": "ca.pem",
            "apt": {name: f"https://mirror.test/apt/{name}" for name in ("kubernetes", "docker", "crio", "debian")},
            "registries": {"registry.k8s.io": "https://mirror.test/v2/registry.k8s.io"},
            "files": "https://mirror.test/files",
        },
        "kubelet": {"failCgroupV1": False},
        **added,
    }


@pytest.fixture(scope="session")
def site_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that a site names."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "ca.pem").write_text(certificate())
    password = folder / "registry-password"
    password.touch(mode=0o600)
    password.write_text(REGISTRY_PASSWORD)
    return folder


@pytest.fixture(scope="session")
def site_file(site_folder: Path) -> Path:
    """A site with mirrors."""
    file = site_folder / "site.yaml"
    file.write_text(yaml.safe_dump(site()))
    return file


def shipped(stack: str) -> Declared:
    """The values of a shipped stack, by their names in the project's configuration."""
    text = (PROJECT / f"stacks/Pulumi.{stack}.yaml").read_text()
    return {key.partition(":")[2]: value for key, value in yaml.safe_load(text)["config"].items()}


def loaded(stack: str, declared: Declared, site_file: Path) -> LabConfig:
    """What a user declared, on the site of that file."""
    environ = {"KUBELAB_VSPHERE_PASSWORD": PASSWORD}
    relative = os.path.relpath(site_file, PROJECT / "stacks")
    return load(stack, declared["cluster"], declared["nodes"], relative, PROJECT / "stacks", environ)


def registered(config: LabConfig) -> Graph:
    """Everything that a lab registers."""
    return record(_program(config), answer, stack=config.stack)


def passwords_of(config: LabConfig) -> dict[str, str]:
    """A password of its own for each target."""
    return {target.name: f"{PASSWORD}{target.name}" for target in config.site.vsphere}


def _program(config: LabConfig) -> Callable[[], object]:
    def program() -> Lab:
        return Lab(config.stack, config, MachineProvider(config, passwords_of(config)))

    return program


def previewed(config: LabConfig, updated: Collection[str]) -> Graph:
    """Everything that a lab registers in a preview that updates these commands: their results are not known in it."""

    def answered(args: MockResourceArgs) -> dict[str, Any]:
        known = answer(args)
        is_updated = args.typ == "command:remote:Command" and args.name in updated
        return known | dict.fromkeys(("stdout", "stderr"), UNKNOWN) if is_updated else known

    return record(_program(config), answered, stack=config.stack, preview=True)


@pytest.fixture(scope="session", params=STACKS)
def stack(request: pytest.FixtureRequest) -> str:
    """Each shipped stack."""
    return str(request.param)


@pytest.fixture(scope="session")
def config(stack: str, site_file: Path) -> LabConfig:
    """A shipped stack on the test site."""
    return loaded(stack, shipped(stack), site_file)


@pytest.fixture(scope="session")
def graph(config: LabConfig) -> Graph:
    """Everything that a shipped stack registers."""
    return registered(config)


@pytest.fixture(scope="session")
def graph_with_logins(stack: str, site_folder: Path) -> Graph:
    """A shipped stack, on a site with a registry that wants a login."""
    file = site_folder / "site-with-logins.yaml"
    file.write_text(yaml.safe_dump(site(registries=REGISTRIES)))
    return registered(loaded(stack, shipped(stack), file))


@pytest.fixture(scope="session")
def workers(config: LabConfig) -> list[str]:
    """The workers' names, of which every shipped stack has some."""
    names = [worker.name for worker in config.workers]
    assert {"w1", "w2"} <= set(names)
    return names


@pytest.fixture(scope="session")
def lab(site_file: Path) -> Callable[..., Graph]:
    """The mixed stack with changes: of the cluster by keyword, of nodes by name."""
    known: dict[str, Graph] = {}

    def make(nodes: Nodes | None = None, **cluster: object) -> Graph:
        declared = changed(nodes, cluster)
        key = repr(declared)
        if key not in known:
            known[key] = registered(loaded("mixed", declared, site_file))
        return known[key]

    return make


def changed(nodes: Nodes | None, cluster: Declared) -> Declared:
    """The mixed stack with changes."""
    declared = shipped("mixed")
    declared["cluster"] |= cluster
    for name, changes in (nodes or {}).items():
        declared["nodes"][name] |= changes
    return declared
