"""Every handler runs pods, by its own means, on each node that has it, and on no other."""

import yaml

from tests.e2e.cluster import Cluster
from tests.e2e.project import wait_for
from tests.e2e.sandbox.conftest import HANDLERS
from tests.e2e.sandbox.nodes import CLASS, W1, W2, W3, asked, rows


def test_a_second_preview_shows_no_change(sandbox: Cluster) -> None:
    sandbox.project.preview_nothing()


def test_the_doctor_shows_a_row_for_each_handler_with_another_kernel(sandbox: Cluster) -> None:
    result = sandbox.project.doctor()
    assert result.code == 0, result.output
    found = rows(result.output)
    assert set(found) == {*((W1, word) for word in HANDLERS), (W2, CLASS)}
    for (_, word), (of_node, inside, *_) in found.items():
        assert (inside == of_node) is (word == "crun"), found
    assert "gvisor" in found[W2, CLASS][1]


def test_each_runtime_reads_its_configuration_as_it_was_meant(sandbox: Cluster) -> None:
    for node, words in ((W1, HANDLERS), (W2, [CLASS])):
        dumped = asked(sandbox.project, node, "containerd config dump")
        assert all(f".runtimes.{word}]" in dumped for word in words)
        assert "unknown key" not in asked(sandbox.project, node, "journalctl --unit containerd --boot --output cat")


def test_every_path_that_a_runtime_names_is_there(sandbox: Cluster) -> None:
    file = "/etc/containerd/config.toml"
    for node in (W1, W2):
        named = asked(sandbox.project, node, f"grep -oE '\"/opt/[^\"]+\"' {file} | tr -d '\"'").split()
        assert named
        assert asked(sandbox.project, node, f"stat --format %n {' '.join(named)}").split() == named


def test_pods_of_a_class_go_to_the_nodes_that_have_it_and_to_no_other(sandbox: Cluster) -> None:
    sandbox.kubectl("apply", "--filename", "-", stdin=yaml.safe_dump(deployment(4)))
    sandbox.kubectl("rollout", "status", "deployment/sandboxed", "--timeout", "180s")
    assert placed(sandbox) <= {W1, W2}
    assert W3 not in placed(sandbox)


def test_what_runs_in_a_sandbox_is_reached_as_any_other_pod(sandbox: Cluster) -> None:
    def answers() -> bool:
        return sandbox.answers("exec", "deployment/sandboxed", "--", "/agnhost", "connect", "kubernetes.default:443")

    wait_for(answers, 60, "a sandboxed pod to reach the API server by its name")


def deployment(replicas: int) -> dict[str, object]:
    """Pods of the class that are made anew wherever there is room."""
    labels = {"app": "sandboxed"}
    container = {
        "name": "web",
        "image": "registry.k8s.io/e2e-test-images/agnhost:2.63.0",
        "args": ["netexec", "--http-port=8080"],
        "resources": {"limits": {"memory": "128Mi"}},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "sandboxed"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"runtimeClassName": CLASS, "terminationGracePeriodSeconds": 1, "containers": [container]},
            },
        },
    }


def placed(cluster: Cluster) -> set[str]:
    """The nodes of the pods that run."""
    pods = cluster.get("pods", "--selector", "app=sandboxed", "--field-selector", "status.phase=Running")["items"]
    return {pod["spec"]["nodeName"] for pod in pods if "deletionTimestamp" not in pod["metadata"]}
