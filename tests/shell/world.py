"""What the steps meet: mirrors, keys, authorities, machines with a runtime, a cluster."""

import gzip
import hashlib
import io
import json
import tarfile
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from pydantic import JsonValue

from components import apt
from components.pod_networks import POD_NETWORKS
from components.records.pod_network import PodNetwork
from components.runtimes import RUNTIMES
from components.runtimes.docker import CRI_DOCKERD
from components.steps.cluster.membership import Admission
from config import RegistryConfig
from tests.shell.guest.machine import Guest
from tests.unit.components import labs

MIRROR = "https://10.87.0.1:8443"
KEY = (Path(__file__).parent / "package-key.asc").read_text()
KEY_FINGERPRINT = "47E684F5EFC1E3A8501C12EFD069B871B7E81F6E"
OTHER_KEY = (Path(__file__).parent / "other-package-key.asc").read_text()
OTHER_FINGERPRINT = "FCBEBAD47DCBFD0BE07DF8CF5E97D8684E1B7BF4"
KEY_URL = f"{MIRROR}/apt/Release.key"
KEYRING = "/etc/apt/keyrings/kubelab-kubernetes.asc"
REPOSITORY = apt.Repository("kubernetes", f"{MIRROR}/apt", "/", "", KEY_URL, KEY_FINGERPRINT, mirrored=True)
MIRROR_CA = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
HOST_KEY = "/etc/ssh/ssh_host_ed25519_key"
JOIN_KEY = "/run/kubelab-join.key"
MANIFEST = "apiVersion: apps/v1\nkind: DaemonSet\n"
CONTROL_PLANE_NODE = f"cp1 {'0' * 32} 4206aaaa-0000-0000-0000-000000000000"
WORKER_NODE = f"w1 {'1' * 32} 4206aaaa-0000-0000-0000-000000000001"
PODS = "web-1 cp1 10.244.0.2\nweb-2 w1 10.244.1.2\nweb-3 w2 10.244.2.2"
FORWARDED = "127.0.0.1:40123"
ADDRESS = "10.87.0.10"
RELEASE = labs.RELEASE
WORDS = tuple(sorted(RUNTIMES))
REGISTRY = RegistryConfig("registry.k8s.io", f"{MIRROR}/v2/registry.k8s.io", MIRROR_CA, "", None)


def authority(name: str = "kubernetes", age: timedelta = timedelta()) -> x509.Certificate:
    """The certificate of a cluster's authority, which is valid for a day from its birth: one and the same in a run."""
    return _authority(name, age)[0]


@cache
def _authority(name: str, age: timedelta) -> tuple[x509.Certificate, ed25519.Ed25519PrivateKey]:
    key, now = ed25519.Ed25519PrivateKey.generate(), datetime.now(UTC)
    return _signed(name, key.public_key(), name, key, now - age), key


def _signed(
    name: str,
    public: ed25519.Ed25519PublicKey,
    issuer: str,
    key: ed25519.Ed25519PrivateKey,
    born: datetime,
) -> x509.Certificate:
    subject, signer = (x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, each)]) for each in (name, issuer))
    unsigned = x509.CertificateBuilder().subject_name(subject).issuer_name(signer).public_key(public)
    dated = unsigned.serial_number(1).not_valid_before(born).not_valid_after(born + timedelta(days=1))
    return dated.sign(key, None)


def authority_text(name: str = "kubernetes", age: timedelta = timedelta()) -> str:
    """The same as a file has it."""
    return authority(name, age).public_bytes(Encoding.PEM).decode()


def private_text(key: ed25519.Ed25519PrivateKey, form: PrivateFormat = PrivateFormat.PKCS8) -> str:
    """A private key as a file has it."""
    return key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()


@cache
def worker_key() -> ed25519.Ed25519PrivateKey:
    """The host key of w1's machine, by which it joins."""
    return ed25519.Ed25519PrivateKey.generate()


@cache
def host_key_text(key: ed25519.Ed25519PrivateKey) -> str:
    """A host key as sshd has it on its machine."""
    return private_text(key, PrivateFormat.OpenSSH)


def public_half() -> str:
    """The public half of w1's host key, as its resource says it."""
    public = worker_key().public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    return f"{public} w1"


@cache
def admitted(name: str = "kubernetes") -> Admission:
    """What the cluster with that authority answers to w1."""
    ca, key = _authority(name, timedelta())
    signed = _signed("system:node:w1", worker_key().public_key(), name, key, ca.not_valid_before_utc)
    return Admission(*(b64encode(each.public_bytes(Encoding.PEM)).decode() for each in (signed, ca)))


@cache
def cri_dockerd_archive(program: str = "#!/bin/sh\n") -> bytes:
    """A release of cri-dockerd as upstream packs it."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        entry = tarfile.TarInfo("cri-dockerd/cri-dockerd")
        entry.mode, entry.size = 0o755, len(program)
        archive.addfile(entry, io.BytesIO(program.encode()))
    return gzip.compress(packed.getvalue(), mtime=0)


def socket_of(word: str) -> str:
    """The path of a runtime's socket."""
    return RUNTIMES[word].cri_socket.removeprefix("unix://")


def serve_mirror(guest: Guest) -> None:
    guest.web(f"{MIRROR}/apt/InRelease", "")


def serve_key_beside_swap(guest: Guest) -> None:
    guest.web(KEY_URL, KEY)
    guest.state("swap", "/dev/sda2 partition 976M 0B -2")
    guest.write("/etc/fstab", "UUID=1 / ext4 defaults 0 1\n# swap was on /dev/sda2\nUUID=2 none swap sw 0 0\n")
    guest.write("/etc/apt/sources.list.d/debian.sources", "Types: deb\n")


def let_a_user_log_in(guest: Guest) -> None:
    guest.write("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\nlab:x:1000:1000::/home/lab:/bin/bash\n")
    guest.write("/home/lab/.ssh/authorized_keys", "ssh-ed25519 AAAAkubelab kubelab\n", mode=0o600)


def nothing(_: Guest) -> None:
    pass


def run_kubelet(guest: Guest) -> None:
    guest.web("http://127.0.0.1:10248/healthz", "ok")


def run_runtime(guest: Guest) -> None:
    guest.state("packages/kubeadm", f"{RELEASE.version}-1")
    guest.state("packages/containerd.io", "2.3.4-1")
    guest.state("units/containerd/active", "active")
    guest.write("/etc/crictl.yaml", "runtime-endpoint: unix:///run/containerd/containerd.sock\n")
    guest.write("/etc/hostname", "cp1\n")
    guest.write("/local/authority.crt", authority_text())
    guest.state("nodes", CONTROL_PLANE_NODE)


def run_control_plane(guest: Guest) -> None:
    guest.state("nodes", CONTROL_PLANE_NODE)
    guest.write("/etc/kubernetes/pki/ca.crt", authority_text())
    guest.write("/etc/kubernetes/pki/ca.key", private_text(_authority("kubernetes", timedelta())[1]))


def run_kubelet_unit(guest: Guest) -> None:
    """A control plane that carries no w1 yet, and on this machine the packages."""
    guest.state("nodes", CONTROL_PLANE_NODE)
    guest.state("packages/kubelet", f"{RELEASE.version}-1")
    guest.write(HOST_KEY, host_key_text(worker_key()), mode=0o600)


def run_cluster(guest: Guest) -> None:
    guest.state("nodes", f"{CONTROL_PLANE_NODE}\n{WORKER_NODE}\nw10 {'2' * 32} 4206aaaa-0000-0000-0000-000000000002")


def leave_docker(guest: Guest) -> None:
    guest.write("/etc/kubelab/node", "w1\n")
    guest.write("/etc/kubelab/runtime", "docker\n")
    guest.write("/etc/docker/daemon.json", "{}\n")


def run_member(guest: Guest, word: str) -> None:
    """A worker with this runtime and a pod, as it is once it is a member."""
    runtime, node = RUNTIMES[word], labs.node("w1", runtime=word)
    package = {"containerd": "containerd.io", "docker": "docker-ce", "crio": "cri-o"}[word]
    guest.state(f"packages/{package}", f"{node.runtime_version}-1")
    guest.state(f"units/{'cri-docker' if word == 'docker' else word}/active", "active")
    guest.socket(socket_of(word))
    guest.write("/etc/crictl.yaml", f"runtime-endpoint: {runtime.cri_socket}\n")
    guest.write("/var/lib/kubelet/instance-config.yaml", f"containerRuntimeEndpoint: {runtime.cri_socket}\n")
    guest.write("/etc/cni/net.d/10-flannel.conflist", "{}\n")
    guest.write("/kernel/1/cgroup", f"0::{POD_CGROUP}\n")
    guest.state("kubelet/MainPID", "1")
    guest.state("kubelet/DropInPaths", "/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf")


def run_workload(guest: Guest) -> None:
    guest.state("nodes", "cp1 a 0\nw1 b 1\nw2 c 2")
    guest.state("pods", PODS)
    for address in ("10.96.0.5", FORWARDED, *(f"10.87.0.{host}:30080" for host in (10, 11, 12))):
        guest.web(f"http://{address}/hostname", "web-1\n")
    for host in (10, 11, 12):
        guest.web(f"https://10.87.0.{host}:10250/healthz", "ok")
    guest.state("reported", "\n".join(REPORTED[node.name] for node in labs.MIXED.nodes))
    for node in labs.MIXED.nodes:
        guest.state(f"configz/{node.name}", render_configz(RUNTIMES[node.runtime].cri_socket))


def render_configz(socket: str, driver: str = "systemd", changed: Mapping[str, JsonValue] | None = None) -> str:
    """What a kubelet says of its configuration, with the gate that docker's needs."""
    settings = {"featureGates": {"ExtendWebSocketsToKubelet": False}, **(changed or {})}
    configuration = {"cgroupDriver": driver, "containerRuntimeEndpoint": socket, "podsPerCore": 0, **settings}
    return json.dumps({"kubeletconfig": configuration}, separators=(",", ":"))


def render_facts(facts: Mapping[str, Mapping[str, str]]) -> str:
    """The facts of nodes by their names, as the inspection of each says them."""
    return "".join(f"{node} {fact} {value}\n" for node, known in facts.items() for fact, value in known.items())


CLUSTER = replace(labs.CLUSTER, dns_domain="lab.test")
POD_NETWORK: PodNetwork = POD_NETWORKS[CLUSTER.pod_network.plugin]
SITE = replace(
    labs.SITE,
    mirrors=replace(
        labs.SITE.mirrors,
        ca_pem=MIRROR_CA,
        apt_debian=f"{MIRROR}/apt",
        files=f"{MIRROR}/files",
        checksums={
            CRI_DOCKERD.releases[labs.RUNTIME_VERSIONS[CRI_DOCKERD.name]].path: hashlib.sha256(
                cri_dockerd_archive()
            ).hexdigest()
        },
    ),
    registries=(REGISTRY,),
)
WORKER = labs.node("w1")
POD_UID = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
_SLICE = f"kubepods-burstable-pod{POD_UID.replace('-', '_')}.slice"
POD_CGROUP = f"/kubepods.slice/kubepods-burstable.slice/{_SLICE}/cri-containerd-0123.scope"
REPORTED = {
    node.name: f"{node.name} {RUNTIMES[node.runtime].reported_as}://{node.runtime_version}" for node in labs.MIXED.nodes
}
NODE_FACTS: Mapping[str, Mapping[str, str]] = {
    node.name: {
        "configured": RUNTIMES[node.runtime].cri_socket,
        "crictl": RUNTIMES[node.runtime].cri_socket,
        "answering": f"{RUNTIMES[node.runtime].reported_as} {node.runtime_version}",
        "others": "-",
        "runtime-driver": "systemd",
        "pod-cgroup": POD_CGROUP,
        "pod-networks": "10-flannel.conflist",
        "drop-ins": "10-kubeadm.conf",
        "ignored-settings": "0",
    }
    for node in labs.MIXED.nodes
}
