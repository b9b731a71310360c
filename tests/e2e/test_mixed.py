"""One cluster of three runtimes: pods across them, private images, changed settings, another runtime, reboots, resets.

In the order of a lab's life: what a test changes, it leaves working.
"""

import base64
import os
import re
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from components import inspection, verification
from components.registries import CREDENTIALS
from components.runtimes import RUNTIMES, all_traces, sockets
from config.load import load_file
from tests.e2e import host
from tests.e2e.cluster import (
    Cluster,
    absolute_paths,
    boots,
    fetch,
    kubelet_starts,
    pod,
    wait_for_answer,
    wait_for_pods,
)
from tests.e2e.labs import assert_destroy_leaves_nothing, built, fresh_inventory, inventory, run_script
from tests.e2e.project import Project, changes, wait_for

CONTROL_PLANE, DOCKER, CONTAINERD, CRIO = "e2e-cp1", "e2e-w1", "e2e-w2", "e2e-w3"
NODES = (CONTROL_PLANE, DOCKER, CONTAINERD, CRIO)
PRIVATE_REGISTRY = "10.87.0.1:5543"
PRIVATE_IMAGE = f"{PRIVATE_REGISTRY}/private/agnhost:2.63.0"
REPORTED = {CONTROL_PLANE: "containerd", DOCKER: "docker", CONTAINERD: "containerd", CRIO: "cri-o"}


@pytest.fixture(scope="module")
def mixed(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The mixed stack, on the rig with a private registry beside it."""

    def add_private_registry(project: Project) -> None:
        content = absolute_paths(yaml.safe_load(site.read_text()), site.parent)
        password = site.parent / "mirror/private-registry-password"
        login = {"caFile": content["mirrors"]["caFile"], "user": "puller", "passwordFile": str(password)}
        project.set_site({**content, "registries": {PRIVATE_REGISTRY: login}})

    with built(tmp_path_factory.mktemp("mixed"), "mixed", site, add_private_registry) as cluster:
        yield cluster


@pytest.fixture
def web(mixed: Cluster) -> Iterator[dict[str, str]]:
    """A web server on every node: node -> its pod."""
    pods = {node: f"web-{node}" for node in NODES}
    mixed.kubectl("apply", "--filename", "-", stdin=yaml.safe_dump_all(pod(name, node) for node, name in pods.items()))
    wait_for_pods(mixed, *pods.values())
    yield pods
    mixed.kubectl("delete", "pod", *pods.values(), "--timeout", "60s")


def doctor(cluster: Cluster) -> list[list[str]]:
    """The rows of make doctor, which must find nothing wrong."""
    result = cluster.project.run("make", "doctor", "STACK=e2e")
    assert result.code == 0, result.output
    return [re.split(r"\s{2,}", line) for line in result.output.splitlines() if line.startswith("e2e-")]


def test_the_api_reports_the_declared_runtime_of_every_node(mixed: Cluster) -> None:
    found = {node: runtime.partition("://")[0] for node, runtime in mixed.reported_runtimes().items()}
    assert found == REPORTED


def test_a_second_preview_shows_no_change(mixed: Cluster) -> None:
    mixed.project.pulumi("preview", "--expect-no-changes")


def test_the_doctor_finds_declared_configured_answering_and_reported_the_same(mixed: Cluster) -> None:
    rows = {row[0]: row for row in doctor(mixed)}
    assert {node: row[1] for node, row in rows.items()} == mixed.project.runtimes
    assert {row[5] for row in rows.values()} == {"systemd/systemd/systemd"}
    assert {row[6] for row in rows.values()} == {"10-flannel.conflist"}


def test_the_doctor_names_both_sides_when_a_node_is_declared_to_be_another(mixed: Cluster) -> None:
    mixed.project.set_node(CRIO, {"runtime": "docker"})
    try:
        result = mixed.project.run("make", "doctor", "STACK=e2e")
    finally:
        mixed.project.set_node(CRIO, {"runtime": "crio"})
    assert result.code != 0
    (line,) = [line for line in result.output.splitlines() if line.startswith(f"comparing {CRIO}: what answers")]
    assert "cri-o" in line
    assert "docker" in line
    assert not [line for line in result.output.splitlines() if line.startswith(f"comparing {CONTAINERD}")]


def test_a_deployment_spread_over_all_runtimes_answers_from_every_node(mixed: Cluster, web: dict[str, str]) -> None:
    mixed.kubectl("expose", "pod", web[DOCKER], "--name", "web", "--port", "80", "--target-port", "8080")
    mixed.kubectl(
        "patch",
        "service",
        "web",
        "--type",
        "json",
        "--patch",
        '[{"op": "replace", "path": "/spec/selector", "value": {"app": "web"}}]',
    )
    try:
        address = mixed.get("service", "web")["spec"]["clusterIP"]
        for node in NODES:
            ask = f"for i in $(seq 60); do curl -fsS --max-time 3 http://{address}/hostname; echo; done"
            assert set(host.in_machine(node, "bash", "-c", ask).split()) == set(web.values()), node
    finally:
        mixed.kubectl("delete", "service", "web")


def test_pods_reach_pods_across_runtimes(mixed: Cluster, web: dict[str, str]) -> None:
    addresses = {node: mixed.get("pod", name)["status"]["podIP"] for node, name in web.items()}
    for node, name in web.items():
        for other in set(NODES) - {node}:
            connect = ("/agnhost", "connect", f"{addresses[other]}:8080", "--timeout", "10s")
            mixed.kubectl("exec", name, "--", *connect)


@pytest.mark.parametrize("node", NODES)
def test_exec_logs_and_port_forward_work_on_every_runtime(mixed: Cluster, web: dict[str, str], node: str) -> None:
    name = web[node]
    assert "netexec" in mixed.kubectl("exec", name, "--", "/agnhost", "help")
    assert "Started HTTP server" in mixed.kubectl("logs", name)
    with mixed.forwarded(name, 8080) as address:
        assert fetch(f"{address}/hostname") == name


@pytest.mark.usefixtures("mixed")
def test_an_image_that_needs_credentials_is_refused_without_them(site: Path) -> None:
    authority = str(site.parent / yaml.safe_load(site.read_text())["mirrors"]["caFile"])
    url = f"https://{PRIVATE_REGISTRY}/v2/private/agnhost/manifests/2.63.0"
    ask = ["curl", "--silent", "--cacert", authority, "--output", os.devnull, "--write-out", "%{http_code}", url]
    assert subprocess.run(ask, check=True, capture_output=True, text=True).stdout == "401"


def test_an_image_that_needs_credentials_is_pulled_on_every_runtime(mixed: Cluster) -> None:
    pods = {node: f"private-{node}" for node in NODES}
    documents = [pod(name, node, PRIVATE_IMAGE) for node, name in pods.items()]
    mixed.kubectl("apply", "--filename", "-", stdin=yaml.safe_dump_all(documents))
    wait_for_pods(mixed, *pods.values())
    mixed.kubectl("delete", "pod", *pods.values(), "--timeout", "60s")


def test_the_registrys_password_stands_nowhere_in_plain(mixed: Cluster, site: Path) -> None:
    password = (site.parent / "mirror/private-registry-password").read_text().strip()
    assert len(password) > 10
    # As it is, and as registries are shown it.
    shown = base64.b64encode(f"puller:{password}".encode()).decode()
    assert all(shown in host.in_machine(node, "cat", CREDENTIALS) for node in NODES)
    for secret in (password, shown):
        assert secret not in mixed.project.state()
        assert secret not in mixed.project.log.read_text()


@pytest.mark.parametrize("image", ["busybox:1.35.0", "docker.io/library/busybox:1.35.0"])
@pytest.mark.usefixtures("mixed")
def test_crio_pulls_images_whose_names_do_not_say_their_registry(image: str) -> None:
    # What the notes had to repair by hand: "no registries configured while trying to pull an unqualified image".
    host.in_machine(CRIO, "crictl", "pull", image)


def test_a_changed_api_server_argument_and_a_new_name_are_in_effect_on_the_running_cluster(mixed: Cluster) -> None:
    others = kubelet_starts(DOCKER, CONTAINERD, CRIO)
    argument = {"name": "max-requests-inflight", "value": "401"}
    mixed.project.set_cluster({"apiServer": {"extraArgs": [argument], "certSANs": ["api.lab.test"]}})
    assert changes(mixed.project.up().output) == [f"Command {CONTROL_PLANE}-init"]
    running = host.in_machine(CONTROL_PLANE, "bash", "-c", "tr '\\0' '\\n' </proc/$(pgrep -x kube-apiserver)/cmdline")
    assert "--max-requests-inflight=401" in running.splitlines()
    served, port = str(mixed.project.outputs()["apiEndpoint"]).split(":")
    certificate = ssl.get_server_certificate((served, int(port)))
    names = subprocess.run(
        ["openssl", "x509", "-noout", "-ext", "subjectAltName"],
        input=certificate,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert "DNS:api.lab.test" in names
    stored = mixed.kubectl("--namespace", "kube-system", "get", "configmap", "kubeadm-config", "--output", "yaml")
    assert "max-requests-inflight" in stored
    assert kubelet_starts(DOCKER, CONTAINERD, CRIO) == others
    mixed.project.pulumi("preview", "--expect-no-changes")


def test_a_changed_setting_of_kube_proxy_is_in_effect_on_every_node(mixed: Cluster) -> None:
    mixed.project.set_cluster({"kubeProxy": {"metricsBindAddress": "0.0.0.0:10249"}})
    assert changes(mixed.project.up().output) == [f"Command {CONTROL_PLANE}-init"]
    addresses = {node["name"]: node["address"] for node in mixed.nodes_output()}
    for node in NODES:
        asked = host.in_machine(
            CONTROL_PLANE, "curl", "-fsS", "--max-time", "5", f"http://{addresses[node]}:10249/proxyMode"
        )
        assert asked == "iptables", node
    mixed.project.pulumi("preview", "--expect-no-changes")


def test_a_kubelet_setting_of_one_node_is_in_effect_there_alone(mixed: Cluster) -> None:
    mixed.project.set_node(CONTAINERD, {"kubelet": {"maxPods": 55}})
    assert changes(mixed.project.up().output) == [f"Command {CONTAINERD}-install-kubernetes"]
    assert {node: mixed.kubelet_configuration(node)["maxPods"] for node in NODES} == {
        **dict.fromkeys(NODES, 110),
        CONTAINERD: 55,
    }
    mixed.wait_ready(*NODES)
    mixed.project.pulumi("preview", "--expect-no-changes")


def switch(cluster: Cluster, runtime: str, settings: dict[str, str]) -> list[str]:
    """Give the worker that had docker another runtime; every other node stays as it was. Returns what changed."""
    others = tuple(node for node in NODES if node != DOCKER)
    before = boots(*others), kubelet_starts(*others)
    identity = cluster.get("node", DOCKER)["metadata"]["uid"]
    cluster.project.set_node(DOCKER, {"runtime": runtime, **settings})
    changed = changes(cluster.project.up().output)
    assert (boots(*others), kubelet_starts(*others)) == before
    assert [name for name in changed if any(other in name for other in others)] == []
    assert cluster.get("node", DOCKER)["metadata"]["uid"] != identity
    assert cluster.reported_runtimes()[DOCKER].startswith(f"{RUNTIMES[runtime].reported_as}://")
    cluster.project.pulumi("preview", "--expect-no-changes")
    doctor(cluster)
    return changed


def test_a_worker_goes_from_docker_to_crio_on_its_machine_which_is_cleaned_in_between(mixed: Cluster) -> None:
    machine = host.container_of(DOCKER)
    changed = switch(mixed, "crio", {"onRuntimeChange": "resetNode"})
    assert host.container_of(DOCKER) == machine
    assert f"Command {DOCKER}-reset" in changed
    left = " ".join(
        line for line in inventory(DOCKER) if re.search("docker|containerd", line) and "kubelab" not in line
    )
    assert left == ""


def test_a_worker_goes_from_crio_to_containerd_on_a_machine_made_anew(mixed: Cluster) -> None:
    machine = host.container_of(DOCKER)
    changed = switch(mixed, "containerd", {})
    assert f"VirtualMachine {DOCKER}" in changed
    assert host.container_of(DOCKER) != machine


def test_a_worker_goes_back_to_docker(mixed: Cluster) -> None:
    switch(mixed, "docker", {})


def test_the_control_planes_runtime_is_not_changed_beneath_its_cluster(mixed: Cluster) -> None:
    mixed.project.set_node(CONTROL_PLANE, {"runtime": "crio"})
    try:
        refused = mixed.project.run("pulumi", "up", "--yes", "--skip-preview", "--stack", "e2e", "--non-interactive")
    finally:
        mixed.project.set_node(CONTROL_PLANE, {})
    assert refused.code != 0
    assert f"installing crio on {CONTROL_PLANE}: found containerd" in refused.output
    mixed.project.up()
    mixed.wait_ready(*NODES)
    mixed.project.pulumi("preview", "--expect-no-changes")


def test_a_reboot_of_every_node_brings_the_cluster_back_unaided(mixed: Cluster, web: dict[str, str]) -> None:
    before = boots(*NODES)
    host.docker("restart", *(host.container_of(node) for node in NODES))
    wait_for(lambda: all(host.answers(node, "systemctl", "is-active", "kubelet") for node in NODES), 120, "kubelets")
    after = boots(*NODES)
    assert all(before[node] != after[node] for node in NODES)
    wait_for_answer(mixed, "get", "--raw", "/readyz", "--request-timeout", "5s")
    for name in web.values():
        wait_for_answer(mixed, "exec", name, "--", "/agnhost", "connect", "kubernetes.default:443", "--timeout", "10s")
    mixed.wait_ready(*NODES)
    for setting in ("/proc/sys/net/bridge/bridge-nf-call-iptables", "/proc/sys/net/ipv4/ip_forward"):
        assert {host.in_machine(node, "cat", setting).strip() for node in NODES} == {"1"}, setting
    doctor(mixed)


def test_the_verification_passes_again_after_all_of_it(mixed: Cluster) -> None:
    config = load_file(mixed.project.stack_file, mixed.project.environment)
    facts = "".join(run_script(node, "80-inspect-node.sh", inspection.environment(node)) for node in NODES)
    environment = {
        **verification.environment(config.cluster, config.nodes),
        "NODES": verification.addresses({node["name"]: node["address"] for node in mixed.nodes_output()}),
        "NODE_FACTS": facts,
    }
    run_script(CONTROL_PLANE, "90-verify-cluster.sh", environment)


def reset_inputs(node: str, role: str, *, clean_install: str) -> dict[str, str]:
    """What the reset of a node is told that is to have another runtime than any."""
    return {
        "NODE_NAME": node,
        "ROLE": role,
        "RUNTIME": "none",
        "CLEAN_INSTALL": clean_install,
        "TRACES": all_traces(),
        "SOCKETS": sockets(),
    }


@pytest.mark.parametrize("node", [DOCKER, CONTAINERD, CRIO])
def test_a_reset_node_is_what_it_was_before_its_first_step(mixed: Cluster, node: str) -> None:
    runtime = mixed.project.runtimes[node]
    mixed.kubectl("delete", "node", node)
    environment = reset_inputs(node, "worker", clean_install="false")
    run_script(node, "05-reset-node.sh", environment)
    fresh, now = fresh_inventory(node), inventory(node)
    assert {"gone": sorted(set(fresh) - set(now)), "left": sorted(set(now) - set(fresh))} == {"gone": [], "left": []}, (
        runtime
    )
    # A second time there is nothing to do.
    run_script(node, "05-reset-node.sh", environment)


def test_a_machine_with_an_old_installation_is_refused_and_is_cleaned_only_where_that_is_declared(
    mixed: Cluster,
) -> None:
    (address,) = [node["address"] for node in mixed.nodes_output() if node["name"] == CONTROL_PLANE]
    host.in_machine(CONTROL_PLANE, "rm", "-rf", "/etc/kubelab")  # as if somebody else had made the cluster
    preflight = {
        "NODE_NAME": CONTROL_PLANE,
        "NODE_ADDRESS": address,
        **dict.fromkeys(("MIN_CPUS", "MIN_MEMORY_MIB", "MIN_DISK_GIB"), "1"),
        "NESTED_VIRTUALIZATION": "false",
        "MIRRORS": "",
        "MIRROR_CA": "",
        "TRACES": all_traces(),
        "CLEAN_INSTALL": "false",
        "IGNORED": "",
    }
    with pytest.raises(AssertionError) as refusal:
        run_script(CONTROL_PLANE, "00-preflight.sh", preflight)
    found = str(refusal.value)
    assert all(word in found for word in ("containerd.io", "kubelet.service", "/etc/kubernetes", "cni0", "KUBE-"))
    assert "cleanInstall: true" in found
    assert host.answers(CONTROL_PLANE, "systemctl", "is-active", "kubelet")

    run_script(CONTROL_PLANE, "05-reset-node.sh", reset_inputs(CONTROL_PLANE, "controlPlane", clean_install="true"))
    run_script(CONTROL_PLANE, "00-preflight.sh", preflight)


def test_destroy_leaves_nothing(mixed: Cluster, site: Path) -> None:
    assert_destroy_leaves_nothing(mixed, site)
