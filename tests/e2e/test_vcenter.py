"""A small lab on a vCenter: an image that becomes a template, linked clones of it, an end that leaves nothing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyVmomi import vim

from tests.e2e import host
from tests.e2e.cluster import Cluster
from tests.e2e.labs import assert_destroy_leaves_nothing, built
from tests.e2e.project import Project

STACK = "e2e-vcenter"
CONTROL_PLANE, WORKER = "e2e-vc-cp1", "e2e-vc-w1"
NODES = {CONTROL_PLANE: {"role": "controlPlane"}, WORKER: {"role": "worker"}}


@pytest.fixture(scope="module")
def vcenter(site: Path) -> Path:
    """The site file of the rig's vCenter."""
    return site.with_name("site-vcenter.yaml")


@pytest.fixture(scope="module")
def cluster(vcenter: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The lab, on linked clones."""
    project = Project.copy(tmp_path_factory.mktemp("vcenter"), "containerd", "", STACK)
    project.declare("site", str(vcenter))
    project.declare("nodes", NODES)
    with built(project, vcenter) as cluster:
        yield cluster


def disks(machine: Any) -> list[Any]:
    """The backings of a machine's disks."""
    devices = machine.config.hardware.device
    return [device.backing for device in devices if isinstance(device, vim.vm.device.VirtualDisk)]


def test_the_cluster_stands(cluster: Cluster) -> None:
    cluster.wait_ready(*NODES)


@pytest.mark.usefixtures("cluster")
def test_machines_are_linked_clones_of_one_template_in_the_folder_and_pool_of_the_site(vcenter: Path) -> None:
    with host.connected(vcenter) as content:
        machines = host.virtual_machines(content)
        templates = [machine for machine in machines.values() if machine.config.template]
        parents = {name: disks(machines[name])[0].parent for name in NODES}
        assert None not in parents.values(), f"full clones: {parents}"
        homes = {machine.config.files.vmPathName.rpartition("/")[0] for machine in templates}
        for name, parent in parents.items():
            assert parent.fileName.rpartition("/")[0] in homes, f"{name} is a clone of {parent.fileName}"
            assert (machines[name].parent.name, machines[name].resourcePool.name) == ("nodes", "lab"), name
            assert machines[name].network[0].name == "DC0_DVPG0", name


def test_a_second_preview_shows_no_change(cluster: Cluster) -> None:
    cluster.project.preview_nothing()


def test_destroy_leaves_nothing_on_the_vcenter(cluster: Cluster, vcenter: Path) -> None:
    assert_destroy_leaves_nothing(cluster.project, vcenter)
