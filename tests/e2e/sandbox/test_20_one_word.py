"""A handler that leaves a node by a word: its pods move, all of it is gone, and nothing else is touched."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.e2e.cluster import Cluster
from tests.e2e.project import changes, wait_for
from tests.e2e.sandbox.nodes import CONTROL_PLANE, FOLDER, LABEL, W1, W2, W3, asked, rows
from tests.e2e.sandbox.test_10_proof import placed

OTHERS = (CONTROL_PLANE, W2, W3)


def left_alone(cluster: Cluster) -> Mapping[str, Any]:
    """What must stay as it was on the other nodes: boots, and the services of runtimes and kubelets."""
    show = "cat /proc/sys/kernel/random/boot_id; systemctl show --property ActiveEnterTimestampMonotonic --value"
    return {node: asked(cluster.project, node, f"{show} kubelet containerd crio") for node in OTHERS}


class TestGone:
    """The first worker, from which every handler was taken."""

    @pytest.fixture(scope="class")
    @classmethod
    def change(cls, sandbox: Cluster) -> list[str]:
        """What the run says it changed; the others are as they were."""
        before = left_alone(sandbox)
        sandbox.project.set_node(W1, {"handlers": []})
        changed = changes(sandbox.project.up().output)
        assert left_alone(sandbox) == before
        return changed

    def test_it_is_a_change_of_its_node_alone(self, change: list[str]) -> None:
        of_nodes = [each for each in change if each.startswith("Command e2e-sandbox-")]
        assert all(each.startswith(f"Command {W1}-") for each in of_nodes), change

    @pytest.mark.usefixtures("change")
    def test_pods_of_its_class_moved_to_the_other_node_that_has_it(self, sandbox: Cluster) -> None:
        sandbox.kubectl("rollout", "status", "deployment/sandboxed", "--timeout", "180s")
        wait_for(lambda: placed(sandbox) == {W2}, 60, "the pods to run on the other node")

    @pytest.mark.usefixtures("change")
    def test_files_configuration_and_label_are_gone(self, sandbox: Cluster) -> None:
        assert asked(sandbox.project, W1, f"ls -d {FOLDER} /etc/containerd/runsc.toml 2>/dev/null || true") == ""
        assert "gvisor" not in asked(sandbox.project, W1, "cat /etc/containerd/config.toml")
        assert LABEL not in sandbox.get("node", W1)["metadata"]["labels"]
        assert LABEL in sandbox.get("node", W2)["metadata"]["labels"]

    @pytest.mark.usefixtures("change")
    def test_the_class_stays_as_another_node_has_its_handler(self, sandbox: Cluster) -> None:
        assert sandbox.get("runtimeclass", "gvisor")["handler"] == "gvisor"

    @pytest.mark.usefixtures("change")
    def test_the_doctor_and_a_preview_agree(self, sandbox: Cluster) -> None:
        sandbox.project.preview_nothing()
        result = sandbox.project.doctor()
        assert result.code == 0, result.output
        assert {node for node, _ in rows(result.output)} == {W2}


def test_a_handler_that_the_lab_would_lose_under_its_pods_is_refused_by_their_names(sandbox: Cluster) -> None:
    project = sandbox.project
    project.set_node(W2, {"runtime": "crio", "handlers": []})
    refused = project.run("pulumi", "up", "--yes", "--skip-preview", "--stack", project.stack, "--non-interactive")
    assert refused.code != 0
    assert "default/sandboxed-" in refused.output
    assert "no other node has it" in refused.output
    assert placed(sandbox) == {W2}
    sandbox.kubectl("delete", "deployment", "sandboxed", "--timeout", "60s")
    project.up()
    assert sandbox.get("runtimeclasses")["items"] == []


def test_destroy_ends_every_machine(sandbox: Cluster) -> None:
    sandbox.project.pulumi("destroy", "--yes", "--skip-preview")
    assert "kubelab:index:VirtualMachine" not in sandbox.project.state()
