"""80-inspect-node.sh: what a node's runtime really is."""

import pytest

from components.runtimes import RUNTIMES
from tests.shell.guest.machine import Guest, Result
from tests.shell.steps import INSPECT
from tests.shell.world import POD_CGROUP, POD_UID, WORDS, run_member, socket_of
from tests.unit.components import labs

EACH = pytest.mark.parametrize("word", WORDS)
INSTANCE, SHARED = "/var/lib/kubelet/instance-config.yaml", "/var/lib/kubelet/config.yaml"


def inspect(guest: Guest) -> Result:
    return guest.run(INSPECT.file, INSPECT.environment)


def facts(guest: Guest) -> dict[str, str]:
    """The facts of a node that can be inspected."""
    result = inspect(guest)
    assert (result.status, result.stderr) == (0, "")
    lines = [line.split(maxsplit=2) for line in result.stdout.splitlines()]
    assert {node for node, _, _ in lines} == {"w1"}
    return {fact: value.strip() for _, fact, value in lines}


@EACH
def test_a_right_node_is_said_to_be_right(guest: Guest, word: str) -> None:
    """Pitfall: which runtime does each node have?"""
    run_member(guest, word)
    assert facts(guest) == {
        "configured": RUNTIMES[word].cri_socket,
        "crictl": RUNTIMES[word].cri_socket,
        "answering": f"{RUNTIMES[word].reported_as} {labs.RUNTIME_VERSIONS[word]}",
        "others": "-",
        "runtime-driver": "systemd",
        "pod-cgroup": POD_CGROUP,
        "pod-networks": "10-flannel.conflist",
        "drop-ins": "10-kubeadm.conf",
        "ignored-settings": "0",
    }


@EACH
def test_looking_changes_nothing(guest: Guest, word: str) -> None:
    run_member(guest, word)
    before = guest.files()
    inspect(guest)
    assert guest.files() == before


class TestConfiguredSocket:
    """Pitfall: which runtime does a kubelet use that does not run?"""

    @pytest.fixture(autouse=True)
    def node(self, guest: Guest) -> None:
        run_member(guest, "containerd")
        guest.write(INSTANCE, 'containerRuntimeEndpoint: "unix:///run/instance.sock"\n')
        guest.write(SHARED, "kind: KubeletConfiguration\ncontainerRuntimeEndpoint: unix:///run/shared.sock\n")
        guest.write("/kernel/1/cmdline", "/usr/bin/kubelet\0--container-runtime-endpoint=unix:///run/argument.sock\0")

    def test_the_argument_of_the_running_process_wins(self, guest: Guest) -> None:
        assert facts(guest)["configured"] == "unix:///run/argument.sock"

    def test_a_stopped_kubelet_is_known_by_its_files(self, guest: Guest) -> None:
        guest.state("kubelet/MainPID", "0")
        assert facts(guest)["configured"] == "unix:///run/shared.sock"

    def test_then_what_kubeadm_would_write_for_it(self, guest: Guest) -> None:
        guest.state("kubelet/MainPID", "0")
        guest.remove(SHARED)
        assert facts(guest)["configured"] == "unix:///run/instance.sock"


def test_a_machine_without_a_kubelet_is_inspected_without_waiting(guest: Guest) -> None:
    found = facts(guest)
    assert {value for fact, value in found.items() if fact != "ignored-settings"} == {"-"}


def test_a_runtime_that_does_not_answer_is_said_so(guest: Guest) -> None:
    run_member(guest, "crio")
    guest.forget("units/crio/active")
    assert facts(guest)["answering"] == "-"


@EACH
def test_other_runtimes_that_answer_are_named(guest: Guest, word: str) -> None:
    """Pitfall: runtimes are sought by `dpkg -l | grep` and `ps | grep`, which misses crio and static installs."""
    others = [other for other in WORDS if other != word]
    for each in (*others, word):
        run_member(guest, each)
    versions = labs.RUNTIME_VERSIONS
    assert facts(guest)["others"].split() == [f"{RUNTIMES[other].reported_as}-{versions[other]}" for other in others]


def test_a_socket_at_which_nothing_answers_is_no_other_runtime(guest: Guest) -> None:
    run_member(guest, "containerd")
    guest.socket(socket_of("crio"))
    assert facts(guest)["others"] == "-"


def test_a_cgroup_driver_that_differs_is_said(guest: Guest) -> None:
    """Pitfall: the chase after the cgroup driver, cgroupfs in the kubelet and systemd in CRI-O."""
    run_member(guest, "crio")
    guest.answer("crictl", "[[ $* != *runtime-config ]] || { echo 'cgroup driver: CGROUPFS'; exit 0; }")
    cgroup = f"/kubepods/burstable/pod{POD_UID}/0123"
    guest.write("/kernel/1/cgroup", f"1:name=systemd:{cgroup}\n")
    found = facts(guest)
    assert (found["runtime-driver"], found["pod-cgroup"]) == ("cgroupfs", cgroup)


def test_a_container_that_ends_after_it_was_seen_counts_as_seen(guest: Guest) -> None:
    """One whose start fails is there for a moment, again and again."""
    run_member(guest, "crio")
    guest.answer("crictl", "echo 0::/ >/proc/1/cgroup")
    assert facts(guest)["pod-cgroup"] == POD_CGROUP


@pytest.mark.parametrize("cgroup", ["/", "/kubepods.slice", f"/kubepods/burstable/pod{POD_UID}", "/system.slice/pod"])
def test_the_first_container_of_a_pod_is_waited_for(guest: Guest, cgroup: str) -> None:
    run_member(guest, "containerd")
    guest.write("/kernel/1/cgroup", f"0::{cgroup}\n")
    result = inspect(guest)
    assert (result.status, result.stdout, len(result.errors)) == (1, "", 1)
    assert "waiting 180 s for a pod of the kubelet on w1 (see also: journalctl -u kubelet -n 50)" in result.errors[0]


def test_all_configurations_of_pod_networks_are_named_and_no_disabled_one(guest: Guest) -> None:
    """Pitfall: CRI-O's own bridge would shadow the cluster's network."""
    run_member(guest, "crio")
    guest.write("/etc/cni/net.d/10-crio-bridge.conf", "{}\n")
    guest.write("/etc/cni/net.d/11-crio-ipv4-bridge.conflist.disabled", "{}\n")
    assert sorted(facts(guest)["pod-networks"].split()) == ["10-crio-bridge.conf", "10-flannel.conflist"]


def test_all_drop_ins_of_the_kubelet_are_named(guest: Guest) -> None:
    """Pitfall: leftover drop-ins 0-containerd.conf and 0-crio.conf fight with the kubelet's own."""
    run_member(guest, "containerd")
    folder = "/etc/systemd/system/kubelet.service.d"
    guest.state(
        "kubelet/DropInPaths", f"{folder}/0-crio.conf /usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf"
    )
    assert facts(guest)["drop-ins"] == "0-crio.conf 10-kubeadm.conf"


def test_lines_of_the_environment_that_systemd_ignores_are_counted(guest: Guest) -> None:
    """Pitfall: /etc/default/kubelet with systemd's syntax and an open quote: the kubelet runs without its settings."""
    run_member(guest, "containerd")
    ignored = "Ignoring invalid environment assignment 'Environment=\"KUBELET_EXTRA_ARGS=--x': /etc/default/kubelet"
    guest.state("journal", f"{ignored}\nstarted\n{ignored}")
    assert facts(guest)["ignored-settings"] == "2"
