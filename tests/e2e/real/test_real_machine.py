"""A worker with a kernel of its own: what containers only pretend."""

import yaml

from tests.e2e import host
from tests.e2e.cluster import fetch, pod, wait_for_pods
from tests.e2e.labs import assert_destroy_leaves_nothing
from tests.e2e.real.conftest import CONTROL_PLANE, DISK_GIB, MEMORY_MIB, WORKER, Real


def test_the_machine_joins_with_the_kernel_of_its_image(real: Real) -> None:
    nodes = {node["metadata"]["name"]: node["status"]["nodeInfo"] for node in real.cluster.get("nodes")["items"]}
    assert nodes[WORKER]["kernelVersion"].split()[0] == real.made["kernel"]
    assert nodes[WORKER]["kernelVersion"] != nodes[CONTROL_PLANE]["kernelVersion"]
    assert nodes[WORKER]["osImage"] == nodes[CONTROL_PLANE]["osImage"]
    assert nodes[WORKER]["bootID"] == real.changed["boot"]


def test_its_hardware_is_what_esxi_gives_and_what_is_declared(real: Real) -> None:
    assert (real.made["drivers"], real.made["cpus"]) == ("vmw_pvscsi vmxnet3", "2")
    assert 0 <= MEMORY_MIB[0] - int(real.made["memory_mib"]) < 256


def test_cloud_init_took_the_machines_data_from_the_disc(real: Real) -> None:
    assert real.made["cloud_init"] == "nocloud"


def test_cgroups_are_of_version_2(real: Real) -> None:
    assert {real.made["cgroups"], real.changed["cgroups"]} == {"cgroup2fs"}


def test_a_pod_there_reaches_names_and_pods_on_the_other_kind_of_machine(real: Real) -> None:
    apart = {"web-real": WORKER, "web-container": CONTROL_PLANE}
    pods = [
        {**pod(name, node), "spec": {**pod(name, node)["spec"], "tolerations": EVERY}} for name, node in apart.items()
    ]
    real.cluster.kubectl("apply", "--filename", "-", stdin=yaml.safe_dump_all(pods))
    wait_for_pods(real.cluster, *apart)
    addresses = {name: real.cluster.get("pod", name)["status"]["podIP"] for name in apart}
    for name, other in (("web-real", "web-container"), ("web-container", "web-real")):
        connect = ("/agnhost", "connect", f"{addresses[other]}:8080", "--timeout", "20s")
        real.cluster.kubectl("exec", name, "--", *connect)
    by_name = ("/agnhost", "connect", "kubernetes.default:443", "--timeout", "20s")
    real.cluster.kubectl("exec", "web-real", "--", *by_name)
    with real.cluster.forwarded("web-real", 8080) as address:
        assert fetch(f"{address}/hostname") == "web-real"


EVERY = [{"operator": "Exists"}]


def test_a_guest_runs_inside_where_virtualization_is_exposed(real: Real) -> None:
    assert (real.made["virtualization"], real.made["kvm"]) == ("svm", "there")
    assert real.doctor.code == 0, real.doctor.output
    (row,) = (line for line in real.doctor.output.splitlines() if line.startswith(WORKER))
    assert "a guest runs" in row


def test_one_word_takes_virtualization_away(real: Real) -> None:
    assert (real.changed["virtualization"], real.changed["kvm"]) == ("", "none")
    assert real.doctor_after.code == 0, real.doctor_after.output
    (row,) = (line for line in real.doctor_after.output.splitlines() if line.startswith(WORKER))
    assert "a guest runs" not in row


def test_kata_finds_all_that_it_needs_where_virtualization_is_exposed(real: Real) -> None:
    assert real.kata.status == 0, real.kata.stderr


def test_kata_is_refused_without_it_with_the_cause_and_before_anything_is_installed(real: Real) -> None:
    assert real.kata_after.status == 1
    (said,) = (line for line in real.kata_after.stderr.splitlines() if "kata" in line)
    assert "nestedVirtualization" in said or "flag" in said, said
    assert "take kata from the handlers" in said


def test_another_amount_of_memory_is_a_power_cycle_of_the_same_machine(real: Real) -> None:
    assert [name for name in real.changes if name.startswith("VirtualMachine")] == [f"VirtualMachine {WORKER}"]
    assert real.changed["boot"] != real.made["boot"]
    assert 0 <= MEMORY_MIB[1] - int(real.changed["memory_mib"]) < 256


def test_the_root_file_system_grows_with_the_disk(real: Real) -> None:
    before, after = int(real.made["root_mib"]), int(real.changed["root_mib"])
    assert DISK_GIB[0] * 1024 - 512 < before < DISK_GIB[0] * 1024
    assert DISK_GIB[1] * 1024 - 512 < after < DISK_GIB[1] * 1024


def test_a_boot_brings_modules_and_kernel_settings_back(real: Real) -> None:
    for life in (real.made, real.changed):
        assert life["modules"] == "br_netfilter overlay"
        assert life["forwarding"] == "1 1"


def test_swap_that_was_added_stays_off_over_a_boot(real: Real) -> None:
    assert real.changed["swaps"] == "0"


def test_the_node_is_ready_after_the_boot_and_nothing_is_left_to_do(real: Real) -> None:
    real.cluster.wait_ready(CONTROL_PLANE, WORKER)
    real.cluster.project.preview_nothing()


def test_destroy_ends_the_machines_process(real: Real) -> None:
    assert [line for line in host.processes("qemu-system").values() if f"-name {WORKER}" in line]
    assert_destroy_leaves_nothing(real.cluster.project, real.cluster.project.site_file)
    assert not [line for line in host.processes("qemu-system").values() if f"-name {WORKER}" in line]
