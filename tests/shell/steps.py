"""Every step with what it is given on a worker w1 or on its control plane cp1, and the world it meets there."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding

from components import apt, containerd, operating_system
from components.guest_file import render_files
from tests.shell.guest import Guest

MIRROR = "https://10.87.0.1:8443"
KEY = (Path(__file__).parent / "package-key.asc").read_text()
KEY_FINGERPRINT = "47E684F5EFC1E3A8501C12EFD069B871B7E81F6E"
KEY_URL = f"{MIRROR}/apt/Release.key"
KEYRING = "/etc/apt/keyrings/kubelab-kubernetes.asc"
SOURCE = apt.Repository("kubernetes", f"{MIRROR}/apt", "/", "", KEY_URL, KEY_FINGERPRINT).source()
PAUSE = "registry.k8s.io/pause:3.10.2"
MANIFEST = "apiVersion: apps/v1\nkind: DaemonSet\n"
MANIFEST_URL = f"{MIRROR}/files/kube-flannel.yml"
TOKEN = "abcde0.0123456789abcdef"
JOIN_DOCUMENT = f"kind: JoinConfiguration\ndiscovery: {{bootstrapToken: {{token: {TOKEN}}}}}\n"
CONTROL_PLANE_NODE = f"cp1 {'0' * 32} 4206aaaa-0000-0000-0000-000000000000"
WORKER_NODE = f"w1 {'1' * 32} 4206aaaa-0000-0000-0000-000000000001"
PODS = "web-1 w1 10.244.1.2\nweb-2 w2 10.244.2.2"


@dataclass(frozen=True)
class Step:
    """One script, what it is given, and what must be there before it."""

    file: str
    environment: Mapping[str, str]
    prepare: Callable[[Guest], None]
    arguments: tuple[str, ...] = ()


@cache
def authority() -> x509.Certificate:
    """The certificate of a cluster's authority."""
    key, now = ed25519.Ed25519PrivateKey.generate(), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "kubernetes")])
    unsigned = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    dated = unsigned.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    return dated.sign(key, None)


def _serve_mirror(guest: Guest) -> None:
    guest.web(f"{MIRROR}/apt/InRelease", "")


def _serve_key_beside_swap(guest: Guest) -> None:
    guest.web(KEY_URL, KEY)
    guest.state("swap", "/dev/sda2 partition 976M 0B -2")
    guest.write("/etc/fstab", "UUID=1 / ext4 defaults 0 1\n# swap was on /dev/sda2\nUUID=2 none swap sw 0 0\n")
    guest.write("/etc/apt/sources.list.d/debian.sources", "Types: deb\n")


def _nothing(_: Guest) -> None:
    pass


def _install_kubeadm(guest: Guest) -> None:
    guest.state("packages/kubeadm", "1.36.3-1")


def _serve_manifest(guest: Guest) -> None:
    guest.web(MANIFEST_URL, MANIFEST)


def _run_control_plane(guest: Guest) -> None:
    guest.state("nodes", CONTROL_PLANE_NODE)
    guest.write("/etc/kubernetes/pki/ca.crt", authority().public_bytes(Encoding.PEM).decode())


def _run_cluster(guest: Guest) -> None:
    guest.state("nodes", f"{CONTROL_PLANE_NODE}\n{WORKER_NODE}\nw10 {'2' * 32} 4206aaaa-0000-0000-0000-000000000002")
    guest.state("tokens/abcde0", TOKEN)


def _run_workload(guest: Guest) -> None:
    guest.state("nodes", "cp1 a 0\nw1 b 1\nw2 c 2")
    guest.state("pods", PODS)
    for address in ("10.96.0.5", *(f"10.87.0.{host}:30080" for host in (10, 11, 12))):
        guest.web(f"http://{address}/hostname", "web-1\n")


PREFLIGHT = Step(
    "00-preflight.sh",
    {
        "NODE_NAME": "w1",
        "NODE_ADDRESS": "10.87.0.11",
        "MIN_CPUS": "2",
        "MIN_MEMORY_MIB": "1700",
        "MIN_DISK_GIB": "2",
        "NESTED_VIRTUALIZATION": "true",
        "MIRRORS": f"{MIRROR}/apt {MIRROR}/files",
        "MIRROR_CA": "-----BEGIN CERTIFICATE-----",
        "IGNORED": "",
    },
    _serve_mirror,
)
PREPARE_OS = Step(
    "10-prepare-os.sh",
    {
        "NODE_NAME": "w1",
        "FILES": render_files([*operating_system.files(), SOURCE]),
        "APT_KEYS": f"{KEYRING} {KEY_URL} {KEY_FINGERPRINT}",
        "MIRROR_CA": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
        "ONLY_MIRRORS": "true",
    },
    _serve_key_beside_swap,
)
INSTALL_CONTAINERD = Step(
    "20-install-containerd.sh",
    {
        "NODE_NAME": "w1",
        "CONTAINERD_VERSION": "2.3.4-*",
        "CRI_TOOLS_VERSION": "1.36.0-*",
        "FILES": render_files(containerd.files(PAUSE, {"registry.k8s.io": f"{MIRROR}/v2/registry.k8s.io"}, None)),
        "SANDBOX_IMAGE": PAUSE,
    },
    _nothing,
)
INSTALL_KUBERNETES = Step(
    "30-install-kubernetes.sh",
    {
        "NODE_NAME": "w1",
        "KUBERNETES_VERSION": "1.36.3",
        "KUBERNETES_CNI_VERSION": "1.9.1-*",
        "CRI_TOOLS_VERSION": "1.36.0-*",
    },
    _nothing,
)
PULL_IMAGES = Step(
    "35-pull-images.sh", {"NODE_NAME": "w1", "IMAGES": f"{PAUSE} registry.k8s.io/kube-proxy:v1.36.3"}, _nothing
)
INIT = Step(
    "40-init-control-plane.sh",
    {
        "NODE_NAME": "cp1",
        "KUBEADM_CONFIG": "apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\n",
        "API_ENDPOINT": "10.87.0.10:6443",
    },
    _install_kubeadm,
)
APPLY_POD_NETWORK = Step(
    "45-apply-pod-network.sh",
    {
        "MANIFEST_URL": MANIFEST_URL,
        "MANIFEST_SHA256": f"{'0' * 64} {hashlib.sha256(MANIFEST.encode()).hexdigest()}",
        "KUSTOMIZATION": "kind: Kustomization\nresources: [manifest.yaml]\n",
    },
    _serve_manifest,
)
MINT_TOKEN = Step(
    "50-mint-token.sh",
    {"WORKER": "w1"},
    _run_control_plane,
)
JOIN = Step("60-join-worker.sh", {"NODE_NAME": "w1", "KUBEADM_CONFIG": JOIN_DOCUMENT}, _run_cluster)
ADMIT = Step("65-manage-membership.sh", {"WORKER": "w1", "TOKEN": TOKEN}, _run_cluster, ("admit",))
REMOVE = Step(ADMIT.file, ADMIT.environment, _run_cluster, ("remove",))
VERIFY = Step(
    "90-verify-cluster.sh",
    {
        "NODES": "cp1 10.87.0.10\nw1 10.87.0.11\nw2 10.87.0.12",
        "POD_SUBNET": "10.244.0.0/16",
        "DNS_DOMAIN": "lab.test",
        "TEST_IMAGE": "registry.k8s.io/e2e-test-images/agnhost:2.63.0",
    },
    _run_workload,
)
STEPS = (
    PREFLIGHT,
    PREPARE_OS,
    INSTALL_CONTAINERD,
    INSTALL_KUBERNETES,
    PULL_IMAGES,
    INIT,
    APPLY_POD_NETWORK,
    MINT_TOKEN,
    JOIN,
    ADMIT,
    REMOVE,
    VERIFY,
)
