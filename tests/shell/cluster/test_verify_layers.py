"""90-verify-cluster.sh: of what does not work, the lowest layer is named, with its last words."""

import pytest

from tests.shell.cluster.verification import STEP, WANTED, assert_one_error, refuse
from tests.shell.guest.machine import Guest
from tests.shell.world import POD_NETWORK

pytestmark = [pytest.mark.usefixtures("workload"), pytest.mark.case("C2")]

NAMESPACE, _, WORKLOAD = POD_NETWORK.workloads[0].partition(" ")
POD = f"{WORKLOAD.partition('/')[2]}-x7k2p"
CRASHING = f"{POD} w2 false CrashLoopBackOff"
LAST_WORDS = "E1127 main.go:359] Failed to find interface to use that matches the interfaces and/or regexes provided"
# What fails above it: the words of the call, and what it says.
ABOVE = {
    "the proof's pods": ("rollout*daemonset/web", "1 of 3 updated pods are available"),
    "pod to pod": ("10.244.1.2:8080", "TIMEOUT"),
    "DNS": ("rollout*coredns", "deadline exceeded"),
    "a lookup": ("lab.test", "DNS"),
    "kube-proxy": ("rollout*kube-proxy", "deadline exceeded"),
}


@pytest.mark.parametrize("above", ABOVE)
def test_a_pod_network_that_does_not_run_is_named_below_whatever_fails_for_it(guest: Guest, above: str) -> None:
    refuse(guest, "kubectl", *ABOVE[above])
    guest.state(f"pods-of/{NAMESPACE}", f"{POD[:-1]}q cp1 true <none>\n{CRASHING}")
    guest.state(f"logs-of/{POD}", LAST_WORDS)
    assert_one_error(guest, "to be looked at first", f"{POD} on w2 is not ready (CrashLoopBackOff): {LAST_WORDS}")


def test_a_node_that_is_not_ready_is_named_with_its_reason_and_what_is_below(guest: Guest) -> None:
    refuse(guest, "kubectl", "condition=Ready", "timed out waiting for the condition on nodes/w2")
    guest.state(
        "conditions", "cp1 True ready\nw2 False container runtime network not ready: cni plugin not initialized"
    )
    guest.state(f"pods-of/{NAMESPACE}", CRASHING)
    guest.state(f"logs-of/{POD}", LAST_WORDS)
    assert_one_error(guest, "Ready: w2: container runtime network not ready: cni plugin not initialized; ", LAST_WORDS)


def test_a_node_that_went_away_is_lower_than_the_pod_network(guest: Guest) -> None:
    refuse(guest, "kubectl", "10.244.1.2:8080", "TIMEOUT")
    guest.state("conditions", "cp1 True ready\nw2 Unknown Kubelet stopped posting node status.")
    guest.state(f"pods-of/{NAMESPACE}", CRASHING)
    assert_one_error(guest, "to be looked at first: w2: Kubelet stopped posting node status.")


def test_a_pod_that_has_no_log_yet_is_named_with_its_last_event(guest: Guest) -> None:
    refuse(guest, "kubectl", "rollout*daemonset/web", "0 of 3 updated pods are available")
    guest.state("pods-of/kubelab-verification", "web-2 w1 false ContainerCreating")
    guest.state("logs-of/web-2", 'Error from server (BadRequest): container "web" in pod "web-2" is waiting to start')
    guest.state("events-of/web-2", 'Failed to create pod sandbox: plugin type="bridge" failed')
    assert_one_error(
        guest, 'web-2 on w1 is not ready (ContainerCreating): Failed to create pod sandbox: plugin type="bridge"'
    )


def test_a_node_that_another_does_not_reach_is_named_before_any_pod(guest: Guest) -> None:
    (guest.root / "local/web/10.87.0.12:10250").rename(guest.root / "local/web/elsewhere")
    assert_one_error(guest, "reaching the kubelet of w2 at 10.87.0.12:10250", "firewall")
    assert not guest.calls("agnhost connect")


def test_the_layers_are_proven_from_the_bottom(guest: Guest) -> None:
    assert guest.run(STEP, WANTED).status == 0
    calls = guest.calls()
    looked = ("condition=Ready", ":10250/", "10.244.1.2:8080", "kubernetes.default.svc", "http://10.96.0.5", ":30080/")
    first = [next(index for index, call in enumerate(calls) if words in call) for words in looked]
    assert first == sorted(first)


def test_where_all_below_works_nothing_is_blamed(guest: Guest) -> None:
    refuse(guest, "kubectl", "10.244.1.2:8080", "TIMEOUT")
    result = guest.run(STEP, WANTED)
    assert "looked at first" not in result.stderr
    assert f"look at {WANTED['POD_NETWORK_LOOK_AT']}" in result.stderr
