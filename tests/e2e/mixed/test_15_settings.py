"""Settings of components, labels, taints, files and serving certificates, changed on the running cluster."""

import pytest

from tests.e2e import host
from tests.e2e.cluster import Cluster, served_names
from tests.e2e.mixed.nodes import CONTROL_PLANE, NODES, W1, W2, W3, Change, applied

MESSAGE, NEW = "/etc/motd", "/opt/of-the-test"
FILES = {path: {"content": "of the test\n"} for path in (MESSAGE, NEW)}
FORMER_MESSAGE = "/var/tmp/former-message"
CONTROL_PLANE_TAINT = ("node-role.kubernetes.io/control-plane", "NoSchedule")


def labels(cluster: Cluster, node: str) -> dict[str, str]:
    """A node's labels."""
    found: dict[str, str] = cluster.get("node", node)["metadata"]["labels"]
    return found


def taints(cluster: Cluster, node: str) -> set[tuple[str, str]]:
    """Key and effect of a node's taints."""
    return {(taint["key"], taint["effect"]) for taint in cluster.get("node", node)["spec"].get("taints", [])}


class TestDeclared:
    """Settings of components, and a worker with a label, a taint and files, beside a control plane that is schedulable.

    All in one run on the running cluster.
    """

    @pytest.fixture(scope="class")
    @classmethod
    def change(cls, mixed: Cluster) -> Change:
        """Of all API servers, of kube-proxy, and of the kubelet of one node; on another there is a label by somebody
        else, and one of the files."""
        argument = {"name": "max-requests-inflight", "value": "401"}
        mixed.project.set_cluster(
            {
                "apiServer": {"extraArgs": [argument], "certSANs": ["api.lab.test"]},
                "kubeProxy": {"metricsBindAddress": "0.0.0.0:10249"},
            }
        )
        mixed.project.set_node(W1, {"runtime": "docker", "kubelet": {"maxPods": 55}})
        mixed.kubectl("label", "node", W2, "team=others")
        host.in_machine(W2, "cp", MESSAGE, FORMER_MESSAGE)
        taint = {"key": "dedicated", "value": "database", "effect": "NoExecute"}
        mixed.project.set_node(W2, {"labels": {"disk": "ssd"}, "taints": [taint], "files": FILES})
        mixed.project.set_node(CONTROL_PLANE, {"schedulable": True})
        return applied(mixed)

    def test_they_run_the_steps_that_they_are_for_and_start_no_other_kubelet(self, change: Change) -> None:
        assert change.changed == [
            f"Command {CONTROL_PLANE}-init",
            f"Command {W1}-install-kubernetes",
            f"Command {W2}-join",
            f"Command {W2}-place-files",
            "Command nodes-settle",
            "Command verification",
        ]
        for kind in ("boots", "containers", "identities"):
            assert change.after[kind] == change.before[kind], kind
        for node in (W2, W3):
            assert change.after["kubelets"][node] == change.before["kubelets"][node], node

    @pytest.mark.usefixtures("change")
    def test_an_argument_of_the_api_server_is_in_effect_and_kept_by_the_cluster(self, mixed: Cluster) -> None:
        read = "tr '\\0' '\\n' </proc/$(pgrep -x kube-apiserver)/cmdline"
        running = host.in_machine(CONTROL_PLANE, "bash", "-c", read)
        assert "--max-requests-inflight=401" in running.splitlines()
        stored = mixed.kubectl("--namespace", "kube-system", "get", "configmap", "kubeadm-config", "--output", "yaml")
        assert "max-requests-inflight" in stored

    @pytest.mark.usefixtures("change")
    def test_a_new_name_of_the_api_server_is_in_its_certificate(self, mixed: Cluster) -> None:
        assert "DNS:api.lab.test" in served_names(str(mixed.project.outputs()["apiEndpoint"]))

    @pytest.mark.usefixtures("change")
    def test_a_setting_of_kube_proxy_is_in_effect_on_every_node(self, mixed: Cluster) -> None:
        addresses = {node["name"]: node["address"] for node in mixed.nodes_output()}
        for node in NODES:
            # One that was just started listens a moment later.
            patience = ("--retry", "20", "--retry-delay", "1", "--retry-connrefused")
            url = f"http://{addresses[node]}:10249/proxyMode"
            asked = host.in_machine(CONTROL_PLANE, "curl", "-fsS", "--max-time", "60", *patience, url)
            assert asked == "iptables", node

    @pytest.mark.usefixtures("change")
    def test_a_kubelet_setting_of_one_node_is_in_effect_there_alone(self, mixed: Cluster) -> None:
        found = {node: mixed.kubelet_configuration(node)["maxPods"] for node in NODES}
        assert found == {**dict.fromkeys(NODES, 110), W1: 55}
        mixed.wait_ready(*NODES)

    @pytest.mark.usefixtures("change")
    def test_labels_and_taints_reach_the_running_node(self, mixed: Cluster) -> None:
        assert labels(mixed, W2)["disk"] == "ssd"
        assert taints(mixed, W2) == {("dedicated", "NoExecute")}
        mixed.wait_ready(*NODES)

    @pytest.mark.usefixtures("change")
    def test_declared_files_are_on_their_machine(self) -> None:
        assert [host.in_machine(W2, "cat", path) for path in FILES] == ["of the test\n", "of the test\n"]

    @pytest.mark.case("D21")
    @pytest.mark.usefixtures("change")
    def test_a_schedulable_control_plane_has_no_taint(self, mixed: Cluster) -> None:
        assert taints(mixed, CONTROL_PLANE) == set()

    @pytest.mark.usefixtures("change")
    def test_the_pod_network_stays_on_a_node_that_evicts_all_others(self, mixed: Cluster) -> None:
        daemons = mixed.get("daemonset", "kube-flannel-ds", "--namespace", "kube-flannel")["status"]
        assert daemons["numberAvailable"] == len(NODES)

    @pytest.mark.usefixtures("change")
    def test_a_preview_after_it_shows_no_change(self, mixed: Cluster) -> None:
        mixed.project.preview_nothing()


class TestTakenBack:
    """The same nodes, of which nothing is declared any more but another label, and how a kubelet serves.

    One asks the cluster for the certificate it serves with. It stays so.
    """

    @pytest.fixture(scope="class")
    @classmethod
    def change(cls, mixed: Cluster) -> Change:
        """After what the class above declared."""
        mixed.project.set_node(W2, {"kubelet": {"serverTLSBootstrap": True}, "labels": {"disk": "hdd"}})
        mixed.project.set_node(CONTROL_PLANE, {})
        return applied(mixed)

    @pytest.mark.usefixtures("change")
    def test_what_was_declared_is_gone_and_what_others_set_is_there(self, mixed: Cluster) -> None:
        found = labels(mixed, W2)
        assert (found["disk"], found["team"]) == ("hdd", "others")
        assert taints(mixed, W2) == set()
        assert taints(mixed, CONTROL_PLANE) == {CONTROL_PLANE_TAINT}

    @pytest.mark.usefixtures("change")
    def test_files_that_nobody_declares_any_more_are_gone_and_those_before_them_back(self) -> None:
        assert not host.answers(W2, "test", "-e", NEW)
        assert host.answers(W2, "cmp", MESSAGE, FORMER_MESSAGE)
        host.in_machine(W2, "rm", FORMER_MESSAGE)

    @pytest.mark.case("D16")
    @pytest.mark.usefixtures("change")
    def test_it_serves_with_one_of_the_clusters_authority(self, mixed: Cluster) -> None:
        (address,) = [node["address"] for node in mixed.nodes_output() if node["name"] == W2]
        ask = f"openssl s_client -connect {address}:10250 -CAfile /etc/kubernetes/pki/ca.crt -verify_return_error"
        shown = host.in_machine(CONTROL_PLANE, "bash", "-c", f"{ask} </dev/null 2>&1 || true")
        assert "Verify return code: 0 (ok)" in shown or "Verification: OK" in shown, shown

    @pytest.mark.case("D16")
    @pytest.mark.usefixtures("change")
    def test_logs_of_its_pods_are_there_to_read(self, mixed: Cluster) -> None:
        pods = mixed.get("pods", "--namespace", "kube-flannel", "--field-selector", f"spec.nodeName={W2}")["items"]
        (name,) = [pod["metadata"]["name"] for pod in pods]
        assert mixed.kubectl("--namespace", "kube-flannel", "logs", name, "--tail", "1")

    @pytest.mark.usefixtures("change")
    def test_a_preview_after_it_shows_no_change(self, mixed: Cluster) -> None:
        mixed.project.preview_nothing()
