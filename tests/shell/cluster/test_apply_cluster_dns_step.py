"""46-apply-cluster-dns.sh: CoreDNS, once pods can be started."""

import pytest

from tests.shell.guest.machine import Guest, assert_one_error
from tests.shell.steps import APPLY_DNS

STEP, WANTED = APPLY_DNS.file, APPLY_DNS.environment
APPLIED = "kubeadm init phase addon coredns"


@pytest.fixture(autouse=True)
def control_plane(guest: Guest) -> None:
    APPLY_DNS.prepare(guest)


def test_coredns_is_applied_once(guest: Guest) -> None:
    assert guest.run(STEP, WANTED).status == 0
    assert guest.calls(APPLIED)
    assert guest.run(STEP, WANTED).status == 0
    assert not guest.calls(APPLIED)


def test_an_init_leaves_it_to_this_step(guest: Guest) -> None:
    assert guest.known("dns") is None


def test_no_pod_network_is_one_error_that_says_what_its_pods_say(guest: Guest) -> None:
    guest.state("pod-network-ready", "0")
    guest.state("pods-of/kube-flannel", "kube-flannel-ds-x cp1 false CrashLoopBackOff")
    guest.state("logs-of/kube-flannel-ds-x", "failed to find interface")
    assert_one_error(guest.run(STEP, WANTED), "flannel", "kube-flannel-ds-x", "failed to find interface")
    assert not guest.calls(APPLIED)
