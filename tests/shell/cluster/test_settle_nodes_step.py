"""70-settle-nodes.sh: labels and taints of nodes that joined."""

from dataclasses import replace

import pytest

from components.steps.cluster import settle_nodes
from config import NodeConfig, Taint
from tests.shell.guest.machine import Guest, Result, assert_one_error
from tests.shell.steps import ADDRESSES, AUDITED_CLUSTER, SETTLE
from tests.shell.world import CLUSTER
from tests.unit.components import labs

DEDICATED = Taint("dedicated", "database", "NoSchedule")
CONTROL_PLANE_TAINT = "taint node-role.kubernetes.io/control-plane:NoSchedule"
NO_LOAD_BALANCER = "label node.kubernetes.io/exclude-from-external-load-balancers="
KUBEADM = {CONTROL_PLANE_TAINT, NO_LOAD_BALANCER}
"""What kubeadm gives a control plane."""


@pytest.fixture
def cluster(guest: Guest) -> Guest:
    """A control plane and two workers, as kubeadm leaves them, and labels that others set."""
    SETTLE.prepare(guest)
    others = ["cp1 label kubernetes.io/os=linux", "w1 label team=a", "w1 taint maintenance:NoExecute"]
    guest.state("node-has", "\n".join([*others, *(f"cp1 {each}" for each in sorted(KUBEADM))]))
    return guest


def settle(guest: Guest, *nodes: NodeConfig) -> Result:
    """Run the step with these nodes in place of those of the same names that have nothing declared."""
    declared = {node.name: node for node in (labs.CONTROL_PLANE, *labs.WORKERS, *nodes)}
    return guest.run(SETTLE.file, settle_nodes.environment(CLUSTER, list(declared.values()), ADDRESSES))


def worker(labels: dict[str, str] | None = None, *taints: Taint) -> NodeConfig:
    """The worker w1 with what is declared of it."""
    return replace(labs.WORKERS[0], labels=labels or {}, taints=taints)


def has(guest: Guest, node: str) -> set[str]:
    """A node's labels and taints but those that are its alone from the start."""
    lines = (guest.known("node-has") or "").splitlines()
    found = {line.partition(" ")[2] for line in lines if line.startswith(f"{node} ") and " annotation " not in line}
    return found - {"label kubernetes.io/os=linux", "label team=a", "taint maintenance:NoExecute"}


def changes(guest: Guest) -> list[str]:
    """What the last run called that changes a node."""
    return [call for call in guest.calls("kubectl") if call.split()[1] in ("label", "taint", "annotate")]


def test_declared_labels_and_taints_are_set_and_nothing_of_others_is_touched(cluster: Guest) -> None:
    result = settle(cluster, worker({"disk": "ssd", "example.com/empty": ""}, DEDICATED))
    assert (result.status, result.stdout) == (0, ""), result.stderr
    assert has(cluster, "w1") == {"label disk=ssd", "label example.com/empty=", "taint dedicated=database:NoSchedule"}
    assert has(cluster, "w2") == set()
    assert has(cluster, "cp1") == KUBEADM
    assert "w1 label team=a" in (cluster.known("node-has") or "")
    assert "w1 taint maintenance:NoExecute" in (cluster.known("node-has") or "")


def test_a_second_run_changes_nothing(cluster: Guest) -> None:
    settle(cluster, worker({"disk": "ssd"}, DEDICATED))
    assert changes(cluster)
    assert settle(cluster, worker({"disk": "ssd"}, DEDICATED)).status == 0
    assert changes(cluster) == []


def test_another_value_takes_the_place_of_the_former_one(cluster: Guest) -> None:
    settle(cluster, worker({"disk": "ssd"}, DEDICATED))
    result = settle(cluster, worker({"disk": "hdd"}, replace(DEDICATED, value="web")))
    assert has(cluster, "w1") == {"label disk=hdd", "taint dedicated=web:NoSchedule"}
    assert "changing the labels of w1: disk=hdd" in result.stderr.splitlines()


def test_what_is_no_longer_declared_is_taken_away(cluster: Guest) -> None:
    settle(cluster, worker({"disk": "ssd", "zone": "a"}, DEDICATED, Taint("slow", "", "NoExecute")))
    settle(cluster, worker({"zone": "a"}))
    assert has(cluster, "w1") == {"label zone=a"}
    settle(cluster)
    assert has(cluster, "w1") == set()
    assert "kubelab.dev/managed" not in "".join(
        line for line in (cluster.known("node-has") or "").splitlines() if line.startswith("w1 ")
    )


def test_a_label_of_others_that_was_never_declared_stays(cluster: Guest) -> None:
    settle(cluster, worker({"disk": "ssd"}))
    settle(cluster)
    assert "w1 label team=a" in (cluster.known("node-has") or "")


def test_a_taint_that_somebody_took_away_meanwhile_is_no_fault(cluster: Guest) -> None:
    settle(cluster, worker(None, DEDICATED))
    cluster.state("node-has", (cluster.known("node-has") or "").replace("w1 taint dedicated=database:NoSchedule", ""))
    assert settle(cluster).status == 0
    assert has(cluster, "w1") == set()


@pytest.mark.case("D21")
def test_a_schedulable_control_plane_loses_what_keeps_pods_and_load_balancers_away(cluster: Guest) -> None:
    schedulable = replace(labs.CONTROL_PLANE, schedulable=True)
    assert settle(cluster, schedulable).status == 0
    assert has(cluster, "cp1") == set()
    assert settle(cluster, schedulable).status == 0
    assert changes(cluster) == []
    settle(cluster)
    assert has(cluster, "cp1") == KUBEADM


def test_a_label_that_keeps_load_balancers_away_is_the_users_to_declare(cluster: Guest) -> None:
    name = "node.kubernetes.io/exclude-from-external-load-balancers"
    settle(cluster, replace(labs.CONTROL_PLANE, schedulable=True, labels={name: "true"}))
    assert has(cluster, "cp1") == {f"label {name}=true"}


def test_a_run_that_was_stopped_is_made_good_by_the_next(cluster: Guest) -> None:
    settle(cluster, worker({"disk": "ssd"}))
    cluster.answer("kubectl", "[[ $1 != label ]] || exit 1")
    assert_one_error(settle(cluster, worker({"zone": "a"})), "changing the labels of w1")
    cluster.as_usual("kubectl")
    settle(cluster, worker())
    assert has(cluster, "w1") == set()


def test_a_node_that_is_not_registered_is_waited_for_and_then_named(cluster: Guest) -> None:
    cluster.state("nodes", "cp1 a 0\nw1 b 1")
    assert_one_error(settle(cluster), "waiting 240 s for every node to register", "missing node/w2")


def test_a_note_on_a_node_that_is_not_ours_cannot_speak_of_another(cluster: Guest) -> None:
    settle(cluster, worker({"disk": "ssd"}))
    assert '{{printf "%q" $value}}' in next(call for call in cluster.calls("go-template"))


@pytest.mark.case("D17")
def test_secrets_that_were_there_before_are_written_again_once(cluster: Guest) -> None:
    environment = settle_nodes.environment(AUDITED_CLUSTER, (labs.CONTROL_PLANE, *labs.WORKERS), ADDRESSES)
    there = '[[ $* != "get secrets "*name ]] || { echo secret/one; exit 0; }'
    cluster.answer("kubectl", f'{there}\n[[ $* != "replace --filename -" ]] || {{ cat >/dev/null; exit 0; }}')
    assert cluster.run(SETTLE.file, environment).status == 0
    assert cluster.calls("kubectl get secrets --all-namespaces")
    assert cluster.calls("kubectl replace --filename -")
    assert cluster.run(SETTLE.file, environment).status == 0
    assert cluster.calls("kubectl get secrets") == []


def test_a_cluster_without_secrets_has_none_to_write_again(cluster: Guest) -> None:
    environment = settle_nodes.environment(AUDITED_CLUSTER, (labs.CONTROL_PLANE, *labs.WORKERS), ADDRESSES)
    assert cluster.run(SETTLE.file, environment).status == 0
    assert cluster.calls("kubectl replace") == []


def test_secrets_are_left_alone_where_nothing_encrypts_them(cluster: Guest) -> None:
    assert settle(cluster).status == 0
    assert cluster.calls("secrets") == []
