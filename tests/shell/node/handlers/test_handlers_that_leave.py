"""Handlers on a node: they go after their pods did."""

import pytest

from components.handlers.gvisor import RUNSC
from tests.shell.guest.machine import Guest
from tests.shell.node.handlers.releases import (
    BARE,
    CARRIERS,
    CONFIGURATION,
    CRUN,
    GVISOR,
    LABEL,
    MANAGED,
    given,
    install,
    join,
    records,
)
from tests.shell.node.installations import assert_one_error


@CARRIERS
class TestLeaving:
    def test_all_of_it_goes_from_a_node_without_pods(self, guest: Guest, runtime: str) -> None:
        assert install(guest, runtime).status == 0
        before = set(guest.files())
        assert install(guest, runtime, GVISOR).status == 0
        join(guest)
        assert install(guest, runtime, elsewhere=(GVISOR,)).status == 0
        left = {path for path in set(guest.files()) - before if not path.startswith(("/var/log/", "/var/lib/guest/"))}
        assert left <= {
            "/etc/kubernetes/kubelet.conf",
            "/etc/kubelab/joined",
            "/etc/kubelab/installed-packages",
        }
        assert "gvisor" not in guest.read(CONFIGURATION[runtime])
        assert LABEL not in (guest.known("node-has") or "")
        assert guest.calls("dpkg --purge bzip2")

    def test_pods_leave_before_the_runtime_forgets_the_handler(self, guest: Guest, runtime: str) -> None:
        install(guest, runtime, GVISOR)
        join(
            guest,
            MANAGED,
            "shop own-2 own StatefulSet Running",
            "shop old gvisor Job Succeeded",
            "shop a other <none> Running",
        )
        guest.answer(
            "systemctl",
            "[[ $1 != restart ]] || ! grep -qE '^shop (web|own)' $facts/pods-on-node || { echo early >&2; exit 1; }",
        )
        result = install(guest, runtime, elsewhere=(GVISOR,))
        assert result.status == 0, result.stderr
        assert "shop/web-1" in result.stderr
        evicted = guest.calls("/eviction")
        assert len(evicted) == 2
        assert not any("old" in call or "pods/a/" in call for call in evicted)
        calls = guest.calls()
        assert next(i for i, call in enumerate(calls) if f"{LABEL}-" in call) < calls.index(evicted[0])

    @pytest.mark.parametrize("pod", [BARE, "kube-system mirror gvisor Node Running"])
    def test_a_pod_that_nothing_makes_anew_is_named_and_keeps_all_as_it_is(
        self, guest: Guest, runtime: str, pod: str
    ) -> None:
        install(guest, runtime, GVISOR)
        join(guest, MANAGED, pod)
        name = "/".join(pod.split()[:2])
        assert_one_error(install(guest, runtime, elsewhere=(GVISOR,)), name)
        assert guest.exists(RUNSC)
        assert "gvisor" in guest.read(CONFIGURATION[runtime])
        assert LABEL in (guest.known("node-has") or "")
        assert not guest.calls("/eviction")

    def test_pods_are_named_that_no_other_node_could_take(self, guest: Guest, runtime: str) -> None:
        install(guest, runtime, GVISOR)
        join(guest, MANAGED)
        assert_one_error(install(guest, runtime), "shop/web-1", "no other node has it")
        assert guest.exists(RUNSC)
        assert LABEL in (guest.known("node-has") or "")

    def test_a_pod_that_does_not_leave_in_time_keeps_the_handler_and_the_label(
        self, guest: Guest, runtime: str
    ) -> None:
        install(guest, runtime, GVISOR)
        join(guest, MANAGED)
        guest.answer(
            "kubectl", '[[ "$*" != *eviction* ]] || { echo "would violate the disruption budget" >&2; exit 1; }'
        )
        assert_one_error(install(guest, runtime, elsewhere=(GVISOR,)), "300 s", "shop/web-1")
        assert guest.exists(RUNSC)
        assert LABEL in (guest.known("node-has") or "")

    def test_an_api_server_that_does_not_answer_is_no_permission(self, guest: Guest, runtime: str) -> None:
        install(guest, runtime, GVISOR)
        join(guest)
        guest.answer("kubectl", "echo 'connection refused' >&2; exit 1")
        assert_one_error(install(guest, runtime, elsewhere=(GVISOR,)), "connection refused")
        assert guest.exists(RUNSC)

    def test_of_two_handlers_the_other_stays(self, guest: Guest, runtime: str) -> None:
        both = given(runtime, CRUN, GVISOR)["HANDLERS"].replace("/usr/bin/crun", "/usr/local/sbin/crun")
        one = given(runtime, CRUN)["HANDLERS"].replace("/usr/bin/crun", "/usr/local/sbin/crun")
        install(guest, runtime, CRUN, GVISOR, HANDLERS=both)
        join(guest)
        assert install(guest, runtime, CRUN, elsewhere=(GVISOR,), HANDLERS=one).status == 0
        assert records(guest) == ["crun"]
        assert guest.known("packages/crun") is not None
        assert not guest.exists("/opt/gvisor")
