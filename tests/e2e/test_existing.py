"""The docker stack over three machines that no host of the lab made: built, the same in a second run, left as found."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rig.node import bare
from tests.e2e import host
from tests.e2e.cluster import Cluster
from tests.e2e.project import ROOT, Project

STACK = "e2e-existing"
NODES = {"e2e-ex-cp1": "controlPlane", "e2e-ex-w1": "worker", "e2e-ex-w2": "worker"}
BARE_SECONDS = 600
# What a machine that kubelab was on has, and one that it left has not.
TRACES_OF_ALL = (
    "/etc/kubelab",
    "/etc/kubernetes/kubelet.conf",
    "/var/lib/etcd",
    "/usr/bin/kubelet",
    "/usr/bin/containerd",
)
TRACES = (*TRACES_OF_ALL, "/usr/bin/dockerd", "/usr/local/bin/cri-dockerd")


def rig_bare(*names: str) -> None:
    """Machines of these names in place of all that were handed over before."""
    options = [word for name in names for word in ("--machine", name)]
    command = [sys.executable, "-m", "rig", "bare", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=BARE_SECONDS, check=False)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"


@pytest.fixture(scope="module")
def cluster(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The lab, on machines that are there before it."""
    rig_bare(*NODES)
    project = Project.copy(tmp_path_factory.mktemp("existing"), "docker", "", STACK)
    project.declare("site", str(site.with_name(bare.SITE)))
    project.declare("nodes", {name: {"role": role} for name, role in NODES.items()})
    project.pulumi("stack", "init")
    try:
        project.up()
        yield Cluster(project)
    finally:
        project.run("pulumi", "destroy", "--yes", "--skip-preview", "--stack", project.stack)
        rig_bare()


def test_the_cluster_stands_on_machines_that_no_host_has(cluster: Cluster, site: Path) -> None:
    cluster.wait_ready(*NODES)
    assert {runtime.partition("://")[0] for runtime in cluster.reported_runtimes().values()} == {"docker"}
    assert NODES.keys() & host.everywhere(site).keys() == set()


def test_machines_differ_in_all_that_kubernetes_tells_nodes_apart_by(cluster: Cluster) -> None:
    found = [node["status"]["nodeInfo"] for node in cluster.get("nodes")["items"]]
    assert len({facts["machineID"] for facts in found}) == len(NODES)
    assert len({facts["systemUUID"] for facts in found}) == len(NODES)


def test_a_second_preview_shows_no_change(cluster: Cluster) -> None:
    cluster.project.preview_nothing()


def test_the_doctor_finds_nothing(cluster: Cluster) -> None:
    result = cluster.project.doctor()
    assert result.code == 0, result.output
    assert all(node in result.output for node in NODES)


@pytest.mark.case("T8")
def test_the_lab_moves_to_a_host_by_a_word_alone_for_its_etcd_would_be_lost(cluster: Cluster, site: Path) -> None:
    former = cluster.project.site_file
    cluster.project.declare("site", str(site))
    result = cluster.project.run("pulumi", "preview", "--stack", STACK, "--non-interactive")
    cluster.project.declare("site", str(former))
    assert result.code != 0
    assert "control plane e2e-ex-cp1: on platform.vsphere now, was on platform.existing" in result.output


def test_destroy_leaves_the_machines_as_they_were_handed_over(cluster: Cluster) -> None:
    cluster.project.pulumi("destroy", "--yes", "--skip-preview")
    for name in NODES:
        look = f"ls -d {' '.join(TRACES)} 2>/dev/null; systemctl is-active ssh"
        assert host.in_machine(name, "sh", "-c", look).split() == ["active"], name
        keys = host.in_machine(name, "cat", f"/home/{bare.USER}/.ssh/authorized_keys")
        assert len(keys.splitlines()) == 1, f"{name}: {keys}"
