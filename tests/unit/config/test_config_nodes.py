"""What nodes of a checked lab are: their own, over what their cluster and their site say."""

from collections.abc import Callable
from pathlib import Path

import pytest

import config
from tests.unit.config.lab_folder import CASES, LabFolder


def test_labels_taints_and_schedulable_arrive_with_their_node(lab_folder: Callable[[Path], LabFolder]) -> None:
    cp1, w1, w2 = lab_folder(CASES / "valid" / "30-labels-and-taints").load().nodes
    assert (cp1.schedulable, w1.schedulable) == (False, True)
    assert w1.labels == {"disk": "ssd", "example.com/Team_1": "a.b-c", "topology.kubernetes.io/zone": "rack-1"}
    assert [str(taint) for taint in w1.taints] == ["dedicated=database:NoSchedule", "dedicated=database:NoExecute"]
    assert [str(taint) for taint in cp1.taints] == ["infra:PreferNoSchedule"]
    assert (w2.labels, w2.taints) == ({}, ())


@pytest.mark.case("D21")
def test_a_control_plane_is_schedulable_where_it_says_so(lab_folder: Callable[[Path], LabFolder]) -> None:
    (alone,) = lab_folder(CASES / "valid" / "31-a-lab-of-one-node").load().nodes
    assert alone.schedulable


def test_kubelet_settings_of_a_node_win_over_the_clusters_and_those_over_the_sites(everything: LabFolder) -> None:
    cp1, w1, w2 = everything.load().nodes
    gates = {"EventedPLEG": True, "SidecarContainers": True}
    assert cp1.kubelet == w1.kubelet == {"failCgroupV1": False, "maxPods": 60, "featureGates": gates}
    assert w2.kubelet == {"failCgroupV1": False, "maxPods": 30, "featureGates": gates}


def test_a_node_may_be_installed_and_changed_otherwise_than_its_cluster(everything: LabFolder) -> None:
    assert [(node.clean_install, node.on_runtime_change) for node in everything.load().nodes] == [
        (True, "resetNode"),
        (True, "resetNode"),
        (False, "replaceMachine"),
    ]


def test_each_node_has_the_version_of_its_own_runtime(lab_folder: Callable[[Path], LabFolder]) -> None:
    lab = lab_folder(CASES / "valid" / "06-three-runtimes").load()
    assert [(node.runtime, node.runtime_version) for node in lab.nodes] == [
        ("containerd", "2.3.4"),
        ("docker", "28.3.3"),
        ("crio", "1.36.3"),
    ]


def test_a_node_differs_from_its_site_only_in_what_it_says(everything: LabFolder) -> None:
    cp1, w1, w2 = everything.load().nodes
    assert (cp1.machine.cpus, cp1.machine.memory_mib, cp1.machine.disk_gib) == (4, 8192, 60)
    assert cp1.machine.nested_virtualization == "off"
    assert (w1.machine.cpus, w1.machine.memory_mib, w1.machine.disk_gib) == (2, 3072, 10)
    assert w1.machine.nested_virtualization == "require"
    assert (cp1.machine.start_seconds, w1.machine.start_seconds) == (300, 900)
    assert w1.machine.extra_config == {
        "RUN.container": '["--tmpfs=/run"]',
        "RUN.cpus": "3",
        "sched.swap.vmxSwapEnabled": "FALSE",
    }
    assert w1.image
    assert w1.image.ova == "https://images.example.com/node.ova"
    assert w1.image.sha256 == "fedcba9876543210" * 4
    assert w2.image == everything.load().site.vsphere[0].image


def test_an_empty_value_of_a_nodes_machine_is_the_sites(minimal: LabFolder) -> None:
    minimal.edit_site("addresses:", "machine: {cpus: 3, nestedVirtualization: false}\naddresses:")
    empty = "w1: {role: worker, machine: {cpus: , nestedVirtualization: , extraConfig: , diskGiB: 41}}"
    minimal.stack.write_text(minimal.stack.read_text().replace("w1: {role: worker}", empty))
    assert minimal.load().workers[0].machine == config.MachineConfig(
        cpus=3, memory_mib=4096, disk_gib=41, nested_virtualization="off", extra_config={}
    )


def test_nested_virtualization_has_three_words_and_two_booleans_of_before(
    lab_folder: Callable[[Path], LabFolder],
) -> None:
    lab = lab_folder(CASES / "valid" / "40-nested-virtualization").load()
    assert {node.name: node.machine.nested_virtualization for node in lab.nodes} == {
        "cp1": "prefer",
        "required": "require",
        "preferred": "prefer",
        "off": "off",
        "quoted": "off",
        "yes": "require",
        "no": "off",
    }


def test_control_plane_and_workers_are_told_apart(everything: LabFolder) -> None:
    lab = everything.load()
    assert [node.name for node in lab.control_planes] == ["cp1"]
    assert [node.name for node in lab.workers] == ["w1", "w2"]
