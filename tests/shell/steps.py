"""Every step with what it is given on a worker w1 or on its control plane cp1, and the world it meets there."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import JsonValue

from components import apt
from components.guest_file import render_files
from components.pod_network import PodNetwork
from components.pod_networks import POD_NETWORKS
from components.runtimes import RUNTIMES
from components.runtimes.docker import CRI_DOCKERD
from components.step import render_stdin
from components.steps import (
    apply_pod_network,
    init,
    inspection,
    install_kubernetes,
    install_runtime,
    join,
    kubelet,
    membership,
    preflight,
    prepare_os,
    reset,
    verification,
)
from components.steps.membership import Admission
from config import ClusterConfig, ExtraArg, RegistryConfig
from tests.shell.guest import Guest
from tests.unit.components import labs

MIRROR = "https://10.87.0.1:8443"
KEY = (Path(__file__).parent / "package-key.asc").read_text()
KEY_FINGERPRINT = "47E684F5EFC1E3A8501C12EFD069B871B7E81F6E"
KEY_URL = f"{MIRROR}/apt/Release.key"
KEYRING = "/etc/apt/keyrings/kubelab-kubernetes.asc"
REPOSITORY = apt.Repository("kubernetes", f"{MIRROR}/apt", "/", "", KEY_URL, KEY_FINGERPRINT, mirrored=True)
MIRROR_CA = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
MANIFEST = "apiVersion: apps/v1\nkind: DaemonSet\n"
TOKEN = "abcde0.0123456789abcdef"
CONTROL_PLANE_NODE = f"cp1 {'0' * 32} 4206aaaa-0000-0000-0000-000000000000"
WORKER_NODE = f"w1 {'1' * 32} 4206aaaa-0000-0000-0000-000000000001"
PODS = "web-1 cp1 10.244.0.2\nweb-2 w1 10.244.1.2\nweb-3 w2 10.244.2.2"
FORWARDED = "127.0.0.1:40123"
ADDRESS = "10.87.0.10"
RELEASE = labs.RELEASE
WORDS = tuple(sorted(RUNTIMES))
REGISTRY = RegistryConfig("registry.k8s.io", f"{MIRROR}/v2/registry.k8s.io", MIRROR_CA, "", None)


@dataclass(frozen=True, slots=True)
class Step:
    """One script, what it is given, and what must be there before it."""

    file: str
    environment: Mapping[str, str]
    prepare: Callable[[Guest], None]
    arguments: tuple[str, ...] = ()

    def given(self, **changed: str) -> "Step":
        """The same step with some inputs changed."""
        return replace(self, environment={**self.environment, **changed})


@cache
def authority() -> x509.Certificate:
    """The certificate of a cluster's authority."""
    key, now = ed25519.Ed25519PrivateKey.generate(), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "kubernetes")])
    unsigned = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    dated = unsigned.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    return dated.sign(key, None)


def render(step: Step) -> str:
    """What the shell of a step reads."""
    return render_stdin(step.file, step.environment)


def authority_text() -> str:
    """The same as a file has it."""
    return authority().public_bytes(Encoding.PEM).decode()


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


def _serve_mirror(guest: Guest) -> None:
    guest.web(f"{MIRROR}/apt/InRelease", "")


def _serve_key_beside_swap(guest: Guest) -> None:
    guest.web(KEY_URL, KEY)
    guest.state("swap", "/dev/sda2 partition 976M 0B -2")
    guest.write("/etc/fstab", "UUID=1 / ext4 defaults 0 1\n# swap was on /dev/sda2\nUUID=2 none swap sw 0 0\n")
    guest.write("/etc/apt/sources.list.d/debian.sources", "Types: deb\n")


def _serve_cri_dockerd(guest: Guest) -> None:
    guest.web(INSTALL_RUNTIME["docker"].environment["CRI_DOCKERD_URL"], cri_dockerd_archive())


def _nothing(_: Guest) -> None:
    pass


def _run_kubelet(guest: Guest) -> None:
    guest.web("http://127.0.0.1:10248/healthz", "ok")


def _run_runtime(guest: Guest) -> None:
    guest.state("packages/kubeadm", f"{RELEASE.version}-1")
    guest.state("packages/containerd.io", "2.3.4-1")
    guest.state("units/containerd/active", "active")
    guest.write("/etc/crictl.yaml", "runtime-endpoint: unix:///run/containerd/containerd.sock\n")
    guest.write("/etc/hostname", "cp1\n")


def _serve_manifest(guest: Guest) -> None:
    guest.web(APPLY_POD_NETWORK.environment["MANIFEST_URL"], MANIFEST)


def _run_control_plane(guest: Guest) -> None:
    guest.state("nodes", CONTROL_PLANE_NODE)
    guest.write("/etc/kubernetes/pki/ca.crt", authority_text())


def _run_cluster(guest: Guest) -> None:
    guest.state("nodes", f"{CONTROL_PLANE_NODE}\n{WORKER_NODE}\nw10 {'2' * 32} 4206aaaa-0000-0000-0000-000000000002")
    guest.state("tokens/abcde0", f"{TOKEN} kubelab: join of w1")


def _leave_docker(guest: Guest) -> None:
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


def _run_workload(guest: Guest) -> None:
    guest.state("nodes", "cp1 a 0\nw1 b 1\nw2 c 2")
    guest.state("pods", PODS)
    for address in ("10.96.0.5", FORWARDED, *(f"10.87.0.{host}:30080" for host in (10, 11, 12))):
        guest.web(f"http://{address}/hostname", "web-1\n")
    guest.state("reported", "\n".join(REPORTED[node.name] for node in labs.MIXED.nodes))
    for node in labs.MIXED.nodes:
        guest.state(f"configz/{node.name}", render_configz(RUNTIMES[node.runtime].cri_socket))


def render_configz(socket: str, driver: str = "systemd") -> str:
    """What a kubelet says of its configuration."""
    configuration = {"cgroupDriver": driver, "containerRuntimeEndpoint": socket, "podsPerCore": 0}
    return json.dumps({"kubeletconfig": configuration}, separators=(",", ":"))


def render_facts(facts: Mapping[str, Mapping[str, str]]) -> str:
    """The facts of nodes by their names, as the inspection of each says them."""
    return "".join(f"{node} {fact} {value}\n" for node, known in facts.items() for fact, value in known.items())


def _installation(word: str) -> Step:
    node = labs.node("w1", runtime=word)
    return Step(
        install_runtime.step(node, secret=False).file,
        install_runtime.environment(node, CLUSTER, SITE),
        _serve_cri_dockerd if word == "docker" else _nothing,
    )


def control_plane(cluster: ClusterConfig, address: str = ADDRESS) -> dict[str, str]:
    """What the control plane's step is given for a cluster."""
    return init.environment(labs.CONTROL_PLANE, cluster, labs.SITE, address)


def api_server(name: str, value: str) -> ClusterConfig:
    """The cluster with an argument for its API server."""
    return replace(CLUSTER, api_server_extra_args=(ExtraArg(name, value),))


def kubelet_patch(settings: Mapping[str, JsonValue]) -> str:
    """A node's settings of the kubelet, as its step is given them."""
    return render_files([kubelet.patch(settings)])


def on_this_machine(environment: Mapping[str, str]) -> dict[str, str]:
    """Without the traces below /usr/libexec, which is the machine's own that runs the tests."""
    traces = "\n".join(line for line in environment["TRACES"].splitlines() if "/usr/libexec/" not in line)
    return {**environment, "TRACES": traces}


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

PREFLIGHT = Step(
    preflight.STEP.file,
    {
        **on_this_machine(preflight.environment(WORKER, SITE, [REPOSITORY], "10.87.0.11")),
        # As a control plane's, of which there is more to miss.
        **dict(
            zip(
                ("MIN_CPUS", "MIN_MEMORY_MIB", "MIN_DISK_GIB"), map(str, preflight.MINIMUM["controlPlane"]), strict=True
            )
        ),
    },
    _serve_mirror,
)
RESET = Step(reset.STEP.file, on_this_machine(reset.environment(WORKER)), _leave_docker)
PREPARE_OS = Step(
    prepare_os.STEP.file, prepare_os.environment(WORKER, SITE.mirrors, [REPOSITORY]), _serve_key_beside_swap
)
INSTALL_RUNTIME = {word: _installation(word) for word in WORDS}
INSTALL_KUBERNETES = Step(
    install_kubernetes.STEP.file,
    install_kubernetes.environment(replace(WORKER, kubelet={"maxPods": 50}), CLUSTER),
    _run_kubelet,
)
INIT = Step(init.STEP.file, control_plane(CLUSTER), _run_runtime)
APPLY_POD_NETWORK = Step(
    apply_pod_network.step(CLUSTER).file,
    {
        **apply_pod_network.environment(CLUSTER, SITE.mirrors, f"{ADDRESS}:6443"),
        "MANIFEST_SHA256": f"{'0' * 64} {hashlib.sha256(MANIFEST.encode()).hexdigest()}",
    },
    _serve_manifest,
)
MANIFEST_URL = APPLY_POD_NETWORK.environment["MANIFEST_URL"]
ADMIT = Step(membership.STEP.file, membership.environment("w1", "command1"), _run_control_plane, ("admit",))
REMOVE = Step(ADMIT.file, ADMIT.environment, _run_cluster, ("remove",))
JOIN = Step(
    join.STEP.file,
    join.environment(WORKER, labs.SITE, "10.87.0.11", f"{ADDRESS}:6443", Admission(TOKEN, f"sha256:{'0' * 64}")),
    _run_cluster,
)
JOIN_DOCUMENT = JOIN.environment["KUBEADM_CONFIG"]
INSPECT = Step(inspection.STEP.file, inspection.environment("w1"), lambda guest: run_member(guest, "containerd"))
ADDRESSES = {"cp1": ADDRESS, "w1": "10.87.0.11", "w2": "10.87.0.12"}
VERIFY = Step(
    verification.STEP.file,
    verification.environment(CLUSTER, labs.MIXED.nodes, ADDRESSES, render_facts(NODE_FACTS)),
    _run_workload,
)
COMPARE = Step(VERIFY.file, VERIFY.environment, VERIFY.prepare, (verification.COMPARE,))
STEPS = (
    PREFLIGHT,
    RESET,
    PREPARE_OS,
    *INSTALL_RUNTIME.values(),
    INSTALL_KUBERNETES,
    INIT,
    APPLY_POD_NETWORK,
    ADMIT,
    REMOVE,
    JOIN,
    INSPECT,
    VERIFY,
    COMPARE,
)
