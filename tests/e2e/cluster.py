"""A running cluster seen as its user sees it: kubectl from outside, and each node's boot and kubelet."""

import json
import ssl
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from tests.e2e import host
from tests.e2e.project import Project, wait_for

AGNHOST = "registry.k8s.io/e2e-test-images/agnhost:2.63.0"


class Cluster:
    """kubectl with the stack's kubeconfig output."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.kubeconfig = project.directory / "kubeconfig"

    def _command(self, *arguments: str) -> list[str]:
        if not self.kubeconfig.exists():
            self.kubeconfig.touch(mode=0o600)
            self.kubeconfig.write_text(str(self.project.outputs(show_secrets=True)["kubeconfig"]))
        return ["kubectl", "--kubeconfig", str(self.kubeconfig), *arguments]

    def forget_kubeconfig(self) -> None:
        """Take the kubeconfig from the stack's output anew, which a change may have made another."""
        self.kubeconfig.unlink(missing_ok=True)

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """What kubectl answers; it must succeed."""
        done = subprocess.run(
            self._command(*arguments),
            input=stdin,
            capture_output=True,
            text=True,
            env=self.project.environment,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def answers(self, *arguments: str) -> bool:
        """Whether a kubectl command succeeds."""
        try:
            self.kubectl(*arguments)
        except AssertionError:
            return False
        return True

    def get(self, *arguments: str) -> dict[str, Any]:
        """kubectl get, as data."""
        loaded: dict[str, Any] = json.loads(self.kubectl("get", *arguments, "--output", "json"))
        return loaded

    def reported_runtimes(self) -> dict[str, str]:
        """Node -> containerRuntimeVersion, as the API has it."""
        nodes = self.get("nodes")["items"]
        return {node["metadata"]["name"]: node["status"]["nodeInfo"]["containerRuntimeVersion"] for node in nodes}

    def reported_systems(self) -> dict[str, str]:
        """Node -> osImage, as the API has it."""
        nodes = self.get("nodes")["items"]
        return {node["metadata"]["name"]: node["status"]["nodeInfo"]["osImage"] for node in nodes}

    def wait_ready(self, *nodes: str, seconds: int = 180) -> None:
        """Wait until these nodes are Ready."""
        self.kubectl(
            "wait", "--for", "condition=Ready", *(f"node/{node}" for node in nodes), "--timeout", f"{seconds}s"
        )

    def nodes_output(self) -> list[dict[str, str]]:
        """The stack's output `nodes`."""
        nodes = self.project.outputs()["nodes"]
        assert isinstance(nodes, list)
        return nodes

    def kubelet_configuration(self, node: str) -> dict[str, Any]:
        """What the running kubelet says of its configuration."""
        loaded: dict[str, Any] = json.loads(self.kubectl("get", "--raw", f"/api/v1/nodes/{node}/proxy/configz"))
        configuration: dict[str, Any] = loaded["kubeletconfig"]
        return configuration

    @contextmanager
    def forwarded(self, pod: str, port: int) -> Iterator[str]:
        """The local address that is forwarded to a pod's port, while the context lasts."""
        process = subprocess.Popen(
            self._command("port-forward", f"pod/{pod}", f":{port}"),
            stdout=subprocess.PIPE,
            text=True,
            env=self.project.environment,
        )
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("Forwarding from 127.0.0.1:"), line
            yield line.split()[2]
        finally:
            process.terminate()
            process.wait()


def pod(name: str, node: str, image: str = AGNHOST) -> dict[str, Any]:
    """A pod of the web server that answers with its own name, on one node."""
    container = {
        "name": "web",
        "image": image,
        "args": ["netexec", "--http-port=8080"],
        "readinessProbe": {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 1},
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": "web"}},
        "spec": {
            "nodeName": node,
            "terminationGracePeriodSeconds": 1,
            "tolerations": [{"operator": "Exists"}],
            "containers": [container],
        },
    }


def fetch(address: str) -> str:
    """The text at an HTTP address."""
    with urlopen(f"http://{address}", timeout=10) as answer:
        text: str = answer.read().decode()
        return text


def boots(*names: str) -> dict[str, str]:
    """Node -> what tells this boot of its machine from others: a container has no boot id of its own."""
    show = ("systemctl", "show", "--property", "UserspaceTimestampMonotonic", "--value")
    return {name: f"{host.container_of(name)} {host.in_machine(name, *show).strip()}" for name in names}


def served_names(endpoint: str) -> str:
    """The names and addresses that the certificate at an endpoint ("host:port") is for, as openssl prints them."""
    address, _, port = endpoint.rpartition(":")
    return subprocess.run(
        ["openssl", "x509", "-noout", "-ext", "subjectAltName"],
        input=ssl.get_server_certificate((address, int(port)), timeout=30),
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def kubelet_starts(*names: str) -> dict[str, str]:
    """Node -> when its kubelet was started, in microseconds."""
    show = ("systemctl", "show", "--property", "ActiveEnterTimestampMonotonic", "--value", "kubelet")
    return {name: host.in_machine(name, *show).strip() for name in names}


def absolute_paths(site: Any, folder: Path) -> Any:
    """A site file's content with the paths in it made independent of the place where it lies."""
    if isinstance(site, Mapping):
        return {
            key: str(folder / value) if key in ("caFile", "passwordFile", "ova") else absolute_paths(value, folder)
            for key, value in site.items()
        }
    if isinstance(site, list):
        return [absolute_paths(each, folder) for each in site]
    return site


def wait_for_pods(cluster: Cluster, *pods: str) -> None:
    """Wait until these pods are ready."""
    cluster.kubectl("wait", "--for", "condition=Ready", *(f"pod/{name}" for name in pods), "--timeout", "180s")


def wait_for_answer(cluster: Cluster, *arguments: str) -> None:
    """Wait until a kubectl command succeeds, as after machines were started again.

    What the API server says of nodes and pods may be of the time before.
    """
    wait_for(lambda: cluster.answers(*arguments), 180, f"kubectl {' '.join(arguments)}")
