"""One cluster of three runtimes for the tests of this folder, in the order of a lab's life.

What a test changes, it leaves working. Where several tests look at one change, the change is a fixture of theirs.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.e2e.cluster import Cluster, absolute_paths, pod, wait_for_pods
from tests.e2e.labs import built
from tests.e2e.mixed.nodes import NODES, PREFIX
from tests.e2e.project import Project

PRIVATE_REGISTRY = "10.87.0.1:5543"


@pytest.fixture(scope="package")
def mixed(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The mixed stack, on the rig with a private registry beside it."""

    def add_private_registry(project: Project) -> None:
        content = absolute_paths(yaml.safe_load(site.read_text()), site.parent)
        password = site.parent / "mirror/private-registry-password"
        login = {"caFile": content["mirrors"]["caFile"], "user": "puller", "passwordFile": str(password)}
        project.set_site({**content, "registries": {PRIVATE_REGISTRY: login}})

    project = Project.copy(tmp_path_factory.mktemp("mixed"), "mixed", PREFIX, "e2e-mixed")
    with built(project, site, add_private_registry) as cluster:
        yield cluster


@pytest.fixture(scope="class")
def web(mixed: Cluster) -> Iterator[dict[str, str]]:
    """A web server on every node: node -> its pod."""
    pods = {node: f"web-{node}" for node in NODES}
    mixed.kubectl("apply", "--filename", "-", stdin=yaml.safe_dump_all(pod(name, node) for node, name in pods.items()))
    wait_for_pods(mixed, *pods.values())
    yield pods
    mixed.kubectl("delete", "pod", *pods.values(), "--timeout", "60s")
