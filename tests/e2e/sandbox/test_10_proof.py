"""Every handler runs pods, by its own means, on each node that has it, and on no other."""

from functools import partial

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
    for node, service, show, words in (
        (W1, "containerd", "containerd config dump", HANDLERS),
        (W2, "crio", "crio config 2>/dev/null", [CLASS]),
    ):
        dumped = asked(sandbox.project, node, show)
        assert all(f".runtimes.{word}]" in dumped for word in words)
        said = asked(sandbox.project, node, f"journalctl --unit {service} --boot --output cat")
        assert "unknown key" not in said
        assert "invalid runtime" not in said


def test_every_path_that_a_runtime_names_is_there(sandbox: Cluster) -> None:
    for node, file in ((W1, "/etc/containerd/config.toml"), (W2, "/etc/crio/crio.conf.d/20-kubelab.conf")):
        named = asked(sandbox.project, node, f"grep -oE '\"/(opt|usr/local|etc)/[^\"]+\"' {file} | tr -d '\"'").split()
        assert any(path.startswith(("/opt/", "/usr/local/")) for path in named)
        assert asked(sandbox.project, node, f"stat --format %n {' '.join(named)}").split() == named


def test_pods_of_a_class_go_to_the_nodes_that_have_it_and_to_no_other(sandbox: Cluster) -> None:
    sandbox.kubectl("apply", "--filename", "-", stdin=yaml.safe_dump(deployment(4)))
    sandbox.kubectl("rollout", "status", "deployment/sandboxed", "--timeout", "180s")
    assert placed(sandbox) <= {W1, W2}
    assert W3 not in placed(sandbox)


def test_a_runtime_that_is_started_anew_finds_its_sandboxed_pods_again(sandbox: Cluster) -> None:
    before = restarts(sandbox)
    for node, service in ((W1, "containerd"), (W2, "crio")):
        asked(sandbox.project, node, f"systemctl restart {service}")
    sandbox.kubectl("rollout", "status", "deployment/sandboxed", "--timeout", "60s")
    for pod in before:
        wait_for(partial(sandbox.answers, "exec", pod, "--", "uname", "-r"), 60, f"{pod} to run a command")
    assert restarts(sandbox) == before


def restarts(cluster: Cluster) -> dict[str, int]:
    """Of each pod, how often its container was started again."""
    pods = cluster.get("pods", "--selector", "app=sandboxed")["items"]
    return {pod["metadata"]["name"]: pod["status"]["containerStatuses"][0]["restartCount"] for pod in pods}


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
