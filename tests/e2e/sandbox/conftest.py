"""One cluster of the sandbox stack, on the running rig's vCenter, or on a real host by `make e2e-real SITE=...`."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.cluster import Cluster
from tests.e2e.labs import baked_image
from tests.e2e.project import Project
from tests.e2e.sandbox.nodes import CONTROL_PLANE, PREFIX, W1, W3

REAL_SITE = "KUBELAB_E2E_SITE"
IS_REAL = REAL_SITE in os.environ
# Where hardware is, all of them; a site's machines ask for it unless they say otherwise.
HANDLERS = ["crun", "gvisor", "kata"] if IS_REAL else ["gvisor"]


@pytest.fixture(scope="package")
def sandbox(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The sandbox stack; its first worker has every handler that the site's hosts can run."""
    site = Path(os.environ[REAL_SITE]) if IS_REAL else request.getfixturevalue("vcenter")
    # What has a containerd of its own inside is for nodes of containerd alone.
    images = {} if IS_REAL else dict.fromkeys((CONTROL_PLANE, W1, W3), baked_image())
    project = Project.copy(tmp_path_factory.mktemp("sandbox"), "sandbox", PREFIX, "e2e-sandbox")
    stack = project.read_stack()
    stack["config"]["kubelab:site"] = str(site)
    for name, image in images.items():
        stack["config"]["kubelab:nodes"][name]["image"] = image
    project.write_stack(stack)
    project.set_node(W1, {"handlers": HANDLERS})
    project.pulumi("stack", "init")
    try:
        project.pulumi("up", "--yes", "--skip-preview", seconds=3600)
        yield Cluster(project)
    finally:
        project.run("pulumi", "destroy", "--yes", "--skip-preview", "--stack", project.stack, "--non-interactive")
