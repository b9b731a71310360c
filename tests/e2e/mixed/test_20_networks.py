"""The pod network and the endpoint, changed on the running cluster; what is refused there."""

from pathlib import Path

import pytest
import yaml

from tests.e2e import host
from tests.e2e.cluster import Cluster, served_names
from tests.e2e.mixed.nodes import CONTROL_PLANE, NODES, W1, W2, W3, WORKERS, Change, applied

ENDPOINT = "10.87.0.250"
# The control plane's second address, held as keepalived would hold it: there again after a boot, before the kubelet.
ENDPOINT_UNIT = f"""[Unit]
Description=An address of the control plane's own
Wants=network-online.target
After=network-online.target
Before=kubelet.service
[Service]
Type=oneshot
ExecStart=/bin/sh -c "ip address replace {ENDPOINT}/24 dev eth0"
[Install]
WantedBy=multi-user.target
"""


def test_the_control_planes_runtime_is_not_changed_beneath_its_cluster(mixed: Cluster) -> None:
    mixed.project.set_node(CONTROL_PLANE, {"runtime": "crio"})
    try:
        refused = mixed.project.run(
            "pulumi", "up", "--yes", "--skip-preview", "--stack", mixed.project.stack, "--non-interactive"
        )
    finally:
        mixed.project.set_node(CONTROL_PLANE, {})
    assert refused.code != 0
    assert f"installing crio on {CONTROL_PLANE}: found containerd" in refused.output
    mixed.wait_ready(*NODES)


@pytest.mark.case("C2", "C10")
class TestPodNetwork:
    """Another backend of the pod network, and another port, on the running cluster."""

    @pytest.fixture(
        scope="class", params=[{"backend": "host-gw"}, {"backend": "vxlan", "port": 4789, "mtu": 1400}], ids=str
    )
    @classmethod
    def change(cls, mixed: Cluster, web: dict[str, str], request: pytest.FixtureRequest) -> Change:
        """While pods of the former one run."""
        assert set(web) == set(NODES)
        mixed.project.set_cluster({"podNetwork": {"plugin": "flannel", **request.param}})
        return applied(mixed)

    def test_it_is_applied_and_proven_and_touches_no_node(self, change: Change) -> None:
        # The port of its tunnels is asked for by preflight.
        asked = [f"Command {node}-preflight" for node in sorted(NODES)]
        # The control plane was told of the repository of a runtime that its step refused, above.
        changed = [command for command in change.changed if command != f"Command {CONTROL_PLANE}-prepare-os"]
        assert changed == [*asked, "Command pod-network-apply", "Command verification"]
        assert change.after == change.before

    @pytest.mark.usefixtures("change")
    def test_nodes_of_one_network_reach_each_others_pods_without_a_tunnel(self, mixed: Cluster) -> None:
        addresses = {str(node["name"]): str(node["address"]) for node in mixed.nodes_output()}
        pods = {node["metadata"]["name"]: node["spec"]["podCIDR"] for node in mixed.get("nodes")["items"]}
        for node in WORKERS:
            route = host.in_machine(CONTROL_PLANE, "ip", "route", "show", pods[node])
            assert f"via {addresses[node]} dev eth0" in route, node

    @pytest.mark.usefixtures("change")
    def test_pods_that_run_already_still_reach_each_other(self, mixed: Cluster, web: dict[str, str]) -> None:
        address = mixed.get("pod", web[W1])["status"]["podIP"]
        for node in (CONTROL_PLANE, W2, W3):
            mixed.kubectl("exec", web[node], "--", "/agnhost", "connect", f"{address}:8080", "--timeout", "10s")

    @pytest.mark.usefixtures("change")
    def test_a_preview_after_it_shows_no_change(self, mixed: Cluster) -> None:
        mixed.project.preview_nothing()


class TestEndpoint:
    """Another endpoint of the running cluster; also the run that follows one that was refused."""

    @pytest.fixture(scope="class")
    @classmethod
    def change(cls, mixed: Cluster) -> Change:
        """An address that the control plane's machine has besides its own."""
        unit = "/etc/systemd/system/endpoint.service"
        host.run_text(
            CONTROL_PLANE, f"cat >{unit} <<'UNIT'\n{ENDPOINT_UNIT}UNIT\nsystemctl enable --now {Path(unit).name}\n"
        )
        mixed.project.set_cluster({"controlPlaneEndpoint": ENDPOINT})
        change = applied(mixed)
        mixed.forget_kubeconfig()
        return change

    def test_it_joins_nobody_anew_and_makes_no_machine_anew(self, mixed: Cluster, change: Change) -> None:
        told = {*(f"Command {node}-join" for node in WORKERS), "Command pod-network-apply", "Command verification"}
        others = [name for name in change.changed if name not in told and f" {CONTROL_PLANE}-" not in name]
        assert f"Command {CONTROL_PLANE}-init" in change.changed
        assert others == []
        for kind in ("containers", "boots", "identities"):
            assert change.after[kind] == change.before[kind], kind
        mixed.wait_ready(*NODES)

    @pytest.mark.usefixtures("change")
    def test_the_outputs_name_it(self, mixed: Cluster) -> None:
        outputs = mixed.project.outputs(show_secrets=True)
        assert outputs["apiEndpoint"] == f"{ENDPOINT}:6443"
        (cluster,) = yaml.safe_load(str(outputs["kubeconfig"]))["clusters"]
        assert cluster["cluster"]["server"] == f"https://{ENDPOINT}:6443"

    @pytest.mark.usefixtures("change")
    def test_the_certificate_there_is_for_it_and_for_the_names_before(self, mixed: Cluster) -> None:
        names = served_names(f"{ENDPOINT}:6443")
        assert f"IP Address:{ENDPOINT}" in names
        assert "DNS:api.lab.test" in names
        assert {node["metadata"]["name"] for node in mixed.get("nodes")["items"]} == set(NODES)

    @pytest.mark.usefixtures("change")
    def test_a_preview_after_it_shows_no_change(self, mixed: Cluster) -> None:
        mixed.project.preview_nothing()
