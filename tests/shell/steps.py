"""Every step with what it is given on a worker w1 or on its control plane cp1, and the world it meets there."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace

from pydantic import JsonValue, SecretStr

from components.guest_file import render_files
from components.steps.cluster import (
    apply_dns,
    apply_pod_network,
    certificates,
    init,
    join,
    membership,
    settle_nodes,
    verification,
    write_component_files,
)
from components.steps.node import (
    inspection,
    install_kubernetes,
    install_runtime,
    kubelet,
    leave_image,
    place_files,
    preflight,
    prepare_os,
    reset,
    virtualization,
)
from config import ClusterConfig, DeclaredFile, ExtraArg
from tests.shell.guest.machine import Guest
from tests.shell.keys import admitted, authority_text, public_half
from tests.shell.step import Step
from tests.shell.world import (
    ADDRESS,
    CLUSTER,
    MANIFEST,
    NODE_FACTS,
    REPOSITORY,
    SITE,
    WORDS,
    WORKER,
    cri_dockerd_archive,
    leave_docker,
    let_a_user_log_in,
    nothing,
    render_facts,
    run_cluster,
    run_control_plane,
    run_kubelet,
    run_kubelet_unit,
    run_member,
    run_runtime,
    run_workload,
    serve_key_beside_swap,
    serve_mirror,
)
from tests.unit.components import labs


def run_prepared(guest: Guest) -> None:
    run_kubelet(guest)
    run_runtime(guest)
    guest.forget("packages/kubeadm")


def serve_cri_dockerd(guest: Guest) -> None:
    guest.web(INSTALL_RUNTIME["docker"].environment["CRI_DOCKERD_URL"], cri_dockerd_archive())


def serve_manifest(guest: Guest) -> None:
    guest.web(APPLY_POD_NETWORK.environment["MANIFEST_URL"], MANIFEST)


AUDIT_POLICY = DeclaredFile(
    "/etc/kubernetes/kube-apiserver/audit.yaml", SecretStr("kind: Policy\nrules: []\n"), "0600", secret=True
)
AUDITED_CLUSTER = replace(CLUSTER, control_plane_files=(AUDIT_POLICY,), secrets_encryption=True)
"""A cluster whose API server has a file and encrypts Secrets."""


def _installation(word: str) -> Step:
    node = labs.node("w1", runtime=word)
    return Step(
        install_runtime.step(node, secret=False).file,
        install_runtime.environment(node, CLUSTER, SITE),
        serve_cri_dockerd if word == "docker" else nothing,
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


PREFLIGHT = Step(
    preflight.STEP.file,
    {
        **on_this_machine(preflight.environment(WORKER, CLUSTER, SITE, [REPOSITORY], "10.87.0.11")),
        # As a control plane's, of which there is more to miss.
        **dict(
            zip(
                ("MIN_CPUS", "MIN_MEMORY_MIB", "MIN_DISK_GIB"), map(str, preflight.MINIMUM["controlPlane"]), strict=True
            )
        ),
    },
    serve_mirror,
)
RESET = Step(reset.STEP.file, on_this_machine(reset.environment(WORKER, labs.SITE.ssh.user)), leave_docker)
LEAVE_MACHINE = Step(RESET.file, RESET.environment, leave_docker, (reset.REMOVAL.argument,))
MOTD = DeclaredFile("/etc/motd", SecretStr("=== 0644 1 /etc/passwd\nwelcome to the lab\n"), "0640", secret=False)
"""A file whose text looks like a header of files."""
PLACE_FILES = Step(
    place_files.STEP.file,
    place_files.environment(
        replace(WORKER, files=(MOTD,)), replace(SITE, ssh=replace(SITE.ssh, authorized_keys=("ssh-ed25519 AAAA",)))
    ),
    let_a_user_log_in,
    ("place",),
)
REMOVE_FILES = Step(PLACE_FILES.file, PLACE_FILES.environment, let_a_user_log_in, ("remove",))
PREPARE_OS = Step(prepare_os.STEP.file, prepare_os.environment(WORKER, SITE, [REPOSITORY]), serve_key_beside_swap)
INSTALL_RUNTIME = {word: _installation(word) for word in WORDS}
INSTALL_KUBERNETES = Step(
    install_kubernetes.STEP.file,
    install_kubernetes.environment(replace(WORKER, kubelet={"maxPods": 50}), CLUSTER, SITE),
    run_prepared,
)
LEAVE_IMAGE = Step(
    leave_image.STEP.file,
    on_this_machine(leave_image.environment(WORKER, CLUSTER, SITE)),
    lambda guest: guest.path("/run/kubelab-image").mkdir(),
)
WRITE_COMPONENT_FILES = Step(
    write_component_files.STEP.file,
    write_component_files.environment(labs.CONTROL_PLANE, AUDITED_CLUSTER),
    run_runtime,
)
INIT = Step(init.STEP.file, control_plane(CLUSTER), run_runtime)


def run_initialised(guest: Guest) -> None:
    """A control plane as its step leaves it."""
    INIT.prepare(guest)
    assert guest.run(INIT.file, INIT.environment).status == 0
    guest.write("/var/lib/kubelet/pki/kubelet-client-current.pem", authority_text())
    guest.write(
        "/etc/kubernetes/kubelet.conf", "    client-certificate: /var/lib/kubelet/pki/kubelet-client-current.pem\n"
    )


APPLY_POD_NETWORK = Step(
    apply_pod_network.step(CLUSTER).file,
    {
        **apply_pod_network.environment(CLUSTER, SITE.mirrors, f"{ADDRESS}:6443"),
        "MANIFEST_SHA256": f"{'0' * 64} {hashlib.sha256(MANIFEST.encode()).hexdigest()}",
    },
    serve_manifest,
)
APPLY_DNS = Step(apply_dns.STEP.file, apply_dns.environment(CLUSTER), run_initialised)
MANIFEST_URL = APPLY_POD_NETWORK.environment["MANIFEST_URL"]
CERTIFICATES = Step(
    certificates.STEP.file,
    certificates.environment(labs.CONTROL_PLANE, CLUSTER, ADDRESS, 0),
    run_initialised,
    ("keep",),
)
SHOW_CERTIFICATES = Step(CERTIFICATES.file, CERTIFICATES.environment, run_initialised, (certificates.SHOW,))
MACHINE = "machine-id 22222222222222222222222222222222\nproduct-uuid 564d-02\nmac 00:50:56:00:00:02"
"""What the machine of w1 is known by, seen from the control plane."""
ADMIT = Step(
    membership.STEP.file,
    membership.environment("w1", CLUSTER, public_half(), "command1", 0, MACHINE),
    run_control_plane,
    ("admit",),
)
REMOVE = Step(ADMIT.file, ADMIT.environment, run_cluster, ("remove",))
JOIN = Step(
    join.STEP.file,
    join.environment(WORKER, labs.SITE, "10.87.0.11", f"{ADDRESS}:6443", admitted()),
    run_kubelet_unit,
)
JOIN_DOCUMENT = JOIN.environment["KUBEADM_CONFIG"]
INSPECT = Step(inspection.STEP.file, inspection.environment("w1"), lambda guest: run_member(guest, "containerd"))
SHOW_VIRTUALIZATION = Step(virtualization.STEP.file, virtualization.environment(WORKER), PREFLIGHT.prepare)
ADDRESSES = {"cp1": ADDRESS, "w1": "10.87.0.11", "w2": "10.87.0.12"}
SETTLE = Step(
    settle_nodes.STEP.file,
    settle_nodes.environment(CLUSTER, (labs.CONTROL_PLANE, *labs.WORKERS), ADDRESSES),
    run_workload,
)
VERIFY = Step(
    verification.STEP.file,
    verification.environment(CLUSTER, labs.MIXED.nodes, ADDRESSES, render_facts(NODE_FACTS)),
    run_workload,
)
COMPARE = Step(VERIFY.file, VERIFY.environment, VERIFY.prepare, (verification.COMPARE,))
STEPS = (
    PREFLIGHT,
    RESET,
    LEAVE_MACHINE,
    PLACE_FILES,
    REMOVE_FILES,
    PREPARE_OS,
    *INSTALL_RUNTIME.values(),
    INSTALL_KUBERNETES,
    LEAVE_IMAGE,
    WRITE_COMPONENT_FILES,
    INIT,
    APPLY_POD_NETWORK,
    APPLY_DNS,
    CERTIFICATES,
    SHOW_CERTIFICATES,
    ADMIT,
    REMOVE,
    JOIN,
    INSPECT,
    SHOW_VIRTUALIZATION,
    SETTLE,
    VERIFY,
    COMPARE,
)
