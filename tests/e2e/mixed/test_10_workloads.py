"""Nodes, pods across them and images, whatever the runtime."""

import base64
import os
import subprocess
from functools import partial
from pathlib import Path

import pytest
import yaml

from components.registries import CREDENTIALS
from tests.e2e import host
from tests.e2e.cluster import Cluster, fetch, pod, wait_for_pods
from tests.e2e.mixed.conftest import PRIVATE_REGISTRY
from tests.e2e.mixed.nodes import CONTROL_PLANE, CRIO, DOCKER, NODES, W1, W2, W3, doctor
from tests.e2e.project import wait_for

REPORTED = {CONTROL_PLANE: "containerd", W1: "docker", W2: "containerd", W3: "cri-o"}
PRIVATE_IMAGE = f"{PRIVATE_REGISTRY}/private/agnhost:2.63.0"


def test_the_api_reports_the_declared_runtime_of_every_node(mixed: Cluster) -> None:
    found = {node: runtime.partition("://")[0] for node, runtime in mixed.reported_runtimes().items()}
    assert found == REPORTED


def test_a_second_preview_shows_no_change(mixed: Cluster) -> None:
    mixed.project.preview_nothing()


def test_the_doctor_finds_declared_configured_answering_and_reported_the_same(mixed: Cluster) -> None:
    rows = {row[0]: row for row in doctor(mixed)}
    assert {node: row[1] for node, row in rows.items()} == mixed.project.runtimes
    assert {row[5] for row in rows.values()} == {"systemd/systemd/systemd"}
    assert {row[6] for row in rows.values()} == {"10-flannel.conflist"}


def test_the_doctor_names_both_sides_when_a_node_is_declared_to_be_another(mixed: Cluster) -> None:
    mixed.project.set_node(CRIO, {"runtime": "docker"})
    try:
        result = mixed.project.doctor()
    finally:
        mixed.project.set_node(CRIO, {"runtime": "crio"})
    assert result.code != 0
    (line,) = [line for line in result.output.splitlines() if line.startswith(f"comparing {CRIO}: what answers")]
    assert "cri-o" in line
    assert "docker" in line
    assert not [line for line in result.output.splitlines() if line.startswith(f"comparing {W2}")]


class TestPods:
    """Web servers on every node, whatever its runtime."""

    def test_a_deployment_spread_over_all_runtimes_answers_from_every_node(
        self, mixed: Cluster, web: dict[str, str]
    ) -> None:
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
            ask = f"for i in $(seq 60); do curl -fsS --max-time 3 http://{address}/hostname; echo; done"

            def all_answer(node: str) -> bool:
                return set(host.in_machine(node, "bash", "-c", ask).split()) == set(web.values())

            # kube-proxy takes over what the service selects in its own time.
            for node in NODES:
                wait_for(partial(all_answer, node), 60, f"all pods to answer {node}")
        finally:
            mixed.kubectl("delete", "service", "web")

    def test_pods_reach_pods_across_runtimes(self, mixed: Cluster, web: dict[str, str]) -> None:
        addresses = {node: mixed.get("pod", name)["status"]["podIP"] for node, name in web.items()}
        for node, name in web.items():
            for other in set(NODES) - {node}:
                connect = ("/agnhost", "connect", f"{addresses[other]}:8080", "--timeout", "10s")
                mixed.kubectl("exec", name, "--", *connect)

    @pytest.mark.parametrize("node", NODES)
    def test_exec_logs_and_port_forward_work_on_every_runtime(
        self, mixed: Cluster, web: dict[str, str], node: str
    ) -> None:
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
