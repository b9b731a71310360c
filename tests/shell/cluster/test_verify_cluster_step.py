"""90-verify-cluster.sh: the proof that the cluster works."""

import pytest
import yaml

from tests.shell.cluster.verification import STEP, WANTED, assert_one_error, refuse
from tests.shell.guest.machine import KILLED, Guest
from tests.shell.world import CLUSTER, POD_NETWORK, PODS, REPORTED
from tests.unit.components import labs

pytestmark = pytest.mark.usefixtures("workload")


def test_a_working_cluster_is_said_to_work(guest: Guest) -> None:
    result = guest.run(STEP, WANTED)
    assert (result.status, result.stdout, result.errors) == (0, "", [])


def test_a_mixed_cluster_is_proven_by_a_pod_on_every_node(guest: Guest) -> None:
    """Pitfall: nodes of one cluster may have different runtimes: each is to be proven."""
    guest.answer("kubectl", '[[ $* != *"apply --filename -"* ]] || { cat >/local/applied; exit 0; }')
    assert guest.run(STEP, WANTED).status == 0
    (workload, service) = yaml.safe_load_all(guest.read("/local/applied"))
    assert (workload["kind"], service["kind"]) == ("DaemonSet", "Service")
    pod = workload["spec"]["template"]["spec"]
    placed = pod["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    ((where,),) = [term["matchExpressions"] for term in placed["nodeSelectorTerms"]]
    assert (where["key"], where["operator"]) == ("kubernetes.io/hostname", "In")
    assert where["values"] == ["cp1", "w1", "w2"]


@pytest.mark.case("C11")
def test_a_taint_or_a_cordon_is_no_obstacle_to_the_proof(guest: Guest) -> None:
    guest.answer("kubectl", '[[ $* != *"apply --filename -"* ]] || { cat >/local/applied; exit 0; }')
    guest.state("cordons", "cp1 <none>\nw1 true\nw2 true")
    result = guest.run(STEP, WANTED)
    assert result.status == 0
    (workload, _) = yaml.safe_load_all(guest.read("/local/applied"))
    assert workload["spec"]["template"]["spec"]["tolerations"] == [{"operator": "Exists"}]
    assert "warning: w1 w2: cordoned, so that nothing new is placed there; run: kubectl uncordon w1 w2" in result.stderr


def test_what_the_proof_made_is_cleaned_away(guest: Guest) -> None:
    before = guest.files()
    guest.run(STEP, WANTED)
    assert guest.calls("apply")
    assert guest.files() == before


def test_what_a_failed_proof_made_is_cleaned_away(guest: Guest) -> None:
    before = guest.files()
    refuse(guest, "kubectl", "logs", "no logs")
    guest.run(STEP, WANTED)
    assert guest.calls("apply")
    assert guest.files() == before


def test_what_a_killed_proof_left_does_not_disturb_the_next(guest: Guest) -> None:
    guest.answer("kubectl", f"[[ $* != *' logs '* ]] || {{ {KILLED}; }}")
    guest.run(STEP, WANTED)
    guest.as_usual("kubectl")
    guest.answer("kubectl", '[[ $* != "create namespace"* ]] || [[ ! -e $facts/namespaces/$3 ]] || exit 1')
    assert guest.run(STEP, WANTED).status == 0


def test_a_failed_proof_shows_what_the_cluster_shows(guest: Guest) -> None:
    guest.answer(
        "kubectl",
        """[[ "$*" != *condition=Ready* ]] || exit 1; [[ "$*" != "get events"* ]] || echo 'Warning FailedMount'""",
    )
    assert_one_error(guest, "cp1 a 0", PODS.splitlines()[0], "Warning FailedMount")


@pytest.mark.parametrize("part", [POD_NETWORK.workloads[0].rpartition("/")[2], "kube-proxy", "coredns"])
def test_a_system_pod_that_is_not_ready_is_one_clear_error(guest: Guest, part: str) -> None:
    refuse(guest, "kubectl", f"rollout*{part}", f"{part}: 1 of 3 updated pods are available")
    assert_one_error(guest, f"{part}: 1 of 3 updated pods are available")


def test_pods_that_do_not_start_are_one_clear_error(guest: Guest) -> None:
    refuse(guest, "kubectl", "rollout*web", "1 of 2 updated replicas are available")
    assert_one_error(guest, "1 of 2 updated replicas are available", WANTED["TEST_IMAGE"])


def test_two_pods_on_one_node_prove_nothing_of_another(guest: Guest) -> None:
    guest.state("pods", PODS.replace("w2 ", "w1 "))
    assert_one_error(guest, "found one on each of cp1 w1 w1, wanted cp1 w1 w2")


@pytest.mark.parametrize("address", ["10.245.0.2", "10.243.255.254", "192.168.0.2"])
def test_a_pod_outside_the_pod_subnet_is_one_clear_error(guest: Guest, address: str) -> None:
    """Pitfall: CRI-O's own bridge gave the first pod 10.88.0.5."""
    guest.state("pods", PODS.replace("10.244.2.2", address))
    assert_one_error(guest, "web-3", "w2", f"found {address}, wanted one inside 10.244.0.0/16")


@pytest.mark.parametrize("subnet", ["10.244.0.0/16", "10.240.0.0/12", "10.244.0.0/22", "0.0.0.0/0"])
def test_a_pod_subnet_may_have_any_length(guest: Guest, subnet: str) -> None:
    assert guest.run(STEP, {**WANTED, "POD_SUBNET": subnet}).status == 0


def test_every_pod_looks_the_api_server_up_by_its_name_in_the_clusters_domain(guest: Guest) -> None:
    guest.run(STEP, WANTED)
    asked = guest.calls("kubernetes.default.svc.lab.test")
    assert len(asked) == 3
    assert all(f"exec web-{number} " in call for number, call in enumerate(asked, start=1))


def test_every_pod_reaches_and_is_reached_by_one_of_another_node(guest: Guest) -> None:
    guest.run(STEP, WANTED)
    addresses = [line.split()[2] for line in PODS.splitlines()]
    reached = [call.split("connect ")[1].split(":8080")[0] for call in guest.calls(":8080 --timeout")]
    assert reached == [addresses[-1], *addresses[:-1]]


def test_dns_that_does_not_answer_is_one_clear_error(guest: Guest) -> None:
    refuse(guest, "kubectl", "lab.test", "DNS")
    assert_one_error(guest, "kubernetes.default.svc.lab.test", "DNS")


def test_pods_that_do_not_reach_each_other_are_one_clear_error(guest: Guest) -> None:
    refuse(guest, "kubectl", "10.244.1.2", "TIMEOUT")
    assert_one_error(guest, "10.244.1.2", "TIMEOUT", f"look at {POD_NETWORK.hint(CLUSTER.pod_network)}")


def test_a_port_of_every_pod_is_forwarded_and_no_process_is_left(guest: Guest) -> None:
    left = "cat /proc/[0-9]*/cmdline | tr '\\0' ' ' >&2"
    result = guest.run(STEP, WANTED, then=left)
    assert [call.split()[-2] for call in guest.calls("port-forward")] == [f"pod/web-{number}" for number in (1, 2, 3)]
    assert "bash -s" in result.stderr
    assert "kubectl port-forward 300" not in result.stderr


def test_a_port_that_is_not_forwarded_is_one_clear_error_with_the_reason(guest: Guest) -> None:
    refuse(guest, "kubectl", "port-forward", "error upgrading connection: 403 Forbidden")
    assert_one_error(guest, "pod web-1 on cp1", "error upgrading connection: 403 Forbidden")


def test_a_forwarded_port_at_which_the_pod_does_not_answer_is_one_clear_error(guest: Guest) -> None:
    guest.answer("kubectl", "[[ $* != *port-forward* ]] || { echo 'Forwarding from 127.0.0.1:1 -> 8080'; exit 0; }")
    assert_one_error(guest, "pod web-1 on cp1", "127.0.0.1:1")


def test_runtimes_that_do_not_agree_fail_the_proof_and_what_it_made_is_cleaned_away(guest: Guest) -> None:
    guest.state("reported", "\n".join({**REPORTED, "w2": f"w2 docker://{labs.RUNTIME_VERSIONS['crio']}"}.values()))
    before = guest.files()
    assert_one_error(guest, "comparing w2: the runtime that the API reports is docker, and what answers is cri-o")
    assert guest.calls("apply")
    assert guest.files() == before


def test_a_log_that_cannot_be_read_is_one_clear_error(guest: Guest) -> None:
    refuse(guest, "kubectl", "' logs '", "Error from server: tls: internal error")
    assert_one_error(guest, "web-1")


@pytest.mark.parametrize("address", ["10.96.0.5", "10.87.0.12:30080"])
def test_a_service_address_that_does_not_answer_is_one_clear_error(guest: Guest, address: str) -> None:
    guest.remove(f"/local/web/{address}/hostname")
    assert_one_error(guest, address.partition(":")[0], "404")


def test_pods_that_cannot_be_listed_are_one_clear_error_and_not_an_empty_list(guest: Guest) -> None:
    refuse(guest, "kubectl", "podIP", "connection refused")
    assert_one_error(guest, "connection refused")


def test_pods_that_stay_are_one_clear_error(guest: Guest) -> None:
    guest.answer("kubectl", "[[ $* != *'delete daemonset'* || ! -e $facts/objects ]] || exit 1")
    assert_one_error(guest, "kubelab-verification")


def test_a_namespace_that_stays_from_an_earlier_proof_is_one_clear_error(guest: Guest) -> None:
    refuse(guest, "kubectl", "'wait --for delete namespace'", "timed out waiting for the condition")
    assert_one_error(guest, "kubelab-verification", "still there")


def test_a_control_plane_alone_is_proven_with_one_pod(guest: Guest) -> None:
    guest.state("nodes", "cp1 a 0")
    guest.state("pods", "web-1 cp1 10.244.0.2")
    guest.answer("kubectl", '[[ $* != *"apply --filename -"* ]] || { cat >/local/applied; exit 0; }')
    alone = {"NODES": "cp1 10.87.0.10", "RUNTIMES": WANTED["RUNTIMES"].splitlines()[0]}
    assert guest.run(STEP, {**WANTED, **alone}).status == 0
    assert "values: [cp1]" in guest.read("/local/applied")
