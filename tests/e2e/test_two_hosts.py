"""A small lab over two hosts of one site, each with credentials of its own; its machines have static addresses."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.e2e import host
from tests.e2e.cluster import Cluster, absolute_paths
from tests.e2e.labs import assert_destroy_leaves_nothing, built
from tests.e2e.project import Project

STACK = "e2e-hosts"
CONTROL_PLANE, WORKER = "e2e-h-cp1", "e2e-h-w1"
# Outside of what the lab gives to machines by itself.
ADDRESSES = {CONTROL_PLANE: "10.87.0.241", WORKER: "10.87.0.242"}
HOSTS = {CONTROL_PLANE: "esxi", WORKER: "esxi-2"}
ROLES = {CONTROL_PLANE: "controlPlane", WORKER: "worker"}
STATIC = {"mode": "static", "network": "10.87.0.0/24", "gateway": "10.87.0.1", "nameServers": ["10.87.0.1"]}


@pytest.fixture(scope="module")
def two_hosts(site: Path) -> Path:
    """The site file of the rig's two hosts."""
    return site.with_name("site-two-hosts.yaml")


@pytest.fixture(scope="module")
def cluster(two_hosts: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The lab, a machine on each host."""
    project = Project.copy(tmp_path_factory.mktemp("two-hosts"), "containerd", "", STACK)
    content = absolute_paths(yaml.safe_load(two_hosts.read_text()), two_hosts.parent)
    project.set_site({**content, "addresses": STATIC})
    nodes = {name: {"role": ROLES[name], "host": HOSTS[name], "address": ADDRESSES[name]} for name in ADDRESSES}
    project.declare("nodes", nodes)
    with built(project, two_hosts) as cluster:
        yield cluster


def test_the_cluster_stands(cluster: Cluster) -> None:
    cluster.wait_ready(*ADDRESSES)


@pytest.mark.usefixtures("cluster")
def test_each_machine_is_on_the_host_that_its_node_names_and_on_no_other(two_hosts: Path) -> None:
    found: dict[str, list[str]] = {}
    for target in host.targets(two_hosts):
        with host.connected(two_hosts, target) as content:
            for name in ADDRESSES.keys() & host.virtual_machines(content).keys():
                found.setdefault(name, []).append(target)
    assert found == {name: [where] for name, where in HOSTS.items()}


def test_machines_have_the_addresses_of_the_stack_file_by_their_own_configuration(cluster: Cluster) -> None:
    for name, address in ADDRESSES.items():
        shown = host.in_machine(name, "ip", "-4", "-o", "address", "show", "dev", "eth0", "scope", "global")
        assert [line.split()[3] for line in shown.splitlines()] == [f"{address}/24"], shown
        netplan = host.in_machine(name, "sh", "-c", "cat /etc/netplan/*.yaml")
        assert address in netplan, netplan
        assert "dhcp4: true" not in netplan
    nodes = cluster.get("nodes")["items"]
    inside = {
        node["metadata"]["name"]: each["address"]
        for node in nodes
        for each in node["status"]["addresses"]
        if each["type"] == "InternalIP"
    }
    assert inside == ADDRESSES


def test_a_second_preview_shows_no_change(cluster: Cluster) -> None:
    cluster.project.preview_nothing()


def test_a_worker_rests_with_its_machine_and_comes_back_with_it(cluster: Cluster, two_hosts: Path) -> None:
    project = cluster.project
    declared = project.read_stack()["config"]["kubelab:nodes"][WORKER]
    project.set_node(WORKER, {**declared, "power": "off"})
    project.up()
    assert [node["metadata"]["name"] for node in cluster.get("nodes")["items"]] == [CONTROL_PLANE]
    with host.connected(two_hosts, HOSTS[WORKER]) as content:
        assert host.power_state(content, WORKER) == "poweredOff"
    project.preview_nothing()
    project.set_node(WORKER, declared)
    project.up()
    cluster.wait_ready(*ADDRESSES)
    project.preview_nothing()


def test_destroy_leaves_nothing_on_either_host(cluster: Cluster, two_hosts: Path) -> None:
    assert_destroy_leaves_nothing(cluster.project, two_hosts)
