"""40-init-control-plane.sh on a running cluster: settings that change."""

from dataclasses import replace

import pytest

from tests.shell import steps
from tests.shell.cluster.control_plane import API_SERVER, AUDITED, changed, init
from tests.shell.guest.machine import KILLED, Guest, assert_one_error
from tests.shell.world import CLUSTER

WRONG = steps.api_server("no-such-argument", "true")
REFUSED = "The connection to the server 10.87.0.10:6443 was refused"
# An API server that is given an argument that it does not know ends at once, and nothing answers any more.
API_SERVER_ENDS = f"""if [[ $* != *--local* ]] && grep -q no-such-argument {API_SERVER}; then
  echo "{REFUSED}" >&2
  exit 1
fi"""

# What an API server that is started again tells of watches: two before, none at first, two again.
WATCHES = """if [[ $* == *'--raw /metrics'* ]]; then
  asked=$(($(cat /run/asked 2>/dev/null || echo 0) + 1))
  echo "$asked" >/run/asked
  found=2
  ((asked != 2)) || found=0
  echo "apiserver_longrunning_requests{resource=\\"configmaps\\",scope=\\"resource\\",verb=\\"WATCH\\"} $found"
  exit 0
fi"""


@pytest.fixture(autouse=True)
def control_plane(guest: Guest) -> None:
    steps.INIT.prepare(guest)


class TestChange:
    """Settings that change while the cluster runs."""

    def test_an_argument_of_the_api_server_is_applied(self, guest: Guest) -> None:
        """Pitfall: manifests edited by hand, which an upgrade loses."""
        init(guest)
        result = init(guest, AUDITED)
        assert (result.status, result.errors) == (0, [])
        phases = ("control-plane all", "etcd local", "upload-config all", "addon kube-proxy")
        assert changed(guest) == [f"kubeadm init phase {phase}" for phase in phases]
        assert "audit-log-path" in guest.read(API_SERVER)
        assert "audit-log-path" in (guest.known("uploaded") or "")

    def test_kubelets_watch_again_before_kube_proxy_takes_its_settings(self, guest: Guest) -> None:
        """A kubelet without its watch would give the new kube-proxy the former ones."""
        init(guest)
        guest.answer("kubectl", WATCHES)
        assert init(guest, replace(CLUSTER, kube_proxy={"mode": "nftables"})).status == 0
        assert guest.read("/run/asked").split() == ["3"]

    def test_nothing_is_waited_for_where_kube_proxy_keeps_its_settings(self, guest: Guest) -> None:
        init(guest)
        guest.answer("kubectl", WATCHES)
        assert init(guest, AUDITED).status == 0
        assert guest.read("/run/asked").split() == ["1"]

    def test_it_is_applied_once(self, guest: Guest) -> None:
        init(guest)
        init(guest, AUDITED)
        before = guest.files()
        result = init(guest, AUDITED)
        assert (result.status, result.errors) == (0, [])
        assert guest.files() == before
        assert changed(guest) == []

    @pytest.mark.parametrize("phase", ["control-plane all", "etcd local", "upload-config all", "addon kube-proxy"])
    def test_a_run_that_was_killed_on_the_way_is_made_good_by_the_next(self, guest: Guest, phase: str) -> None:
        init(guest)
        guest.answer("kubeadm", f'[[ "$*" != "init phase {phase} "* ]] || {{ {KILLED}; }}')
        assert init(guest, AUDITED).status != 0
        guest.as_usual("kubeadm")
        assert init(guest, AUDITED).status == 0
        assert f"kubeadm init phase {phase}" in changed(guest)
        assert "audit-log-path" in (guest.known("uploaded") or "")
        init(guest, AUDITED)
        assert changed(guest) == []

    @pytest.mark.parametrize("file", ["admin.conf", "super-admin.conf", "manifests"])
    def test_a_copy_that_cannot_be_kept_ends_it_before_anything_is_changed(self, guest: Guest, file: str) -> None:
        init(guest)
        before = {path: each for path, each in guest.files().items() if path.startswith("/etc/kubernetes/")}
        guest.no_space_for(file)
        assert_one_error(init(guest, AUDITED), "cp1", file, "No space left on device")
        assert changed(guest) == []
        assert {path: each for path, each in guest.files().items() if path.startswith("/etc/kubernetes/")} == before

    def test_a_kubeconfig_that_somebody_took_away_is_no_obstacle(self, guest: Guest) -> None:
        """kubeadm's own advice is to keep super-admin.conf elsewhere."""
        init(guest)
        guest.remove("/etc/kubernetes/super-admin.conf")
        assert init(guest, AUDITED).status == 0

    def test_a_change_that_was_killed_and_is_taken_back_is_undone(self, guest: Guest) -> None:
        init(guest)
        guest.answer("kubeadm", f"[[ $* != *upload-config* ]] || {{ {KILLED}; }}")
        init(guest, AUDITED)
        guest.as_usual("kubeadm")
        assert init(guest).status == 0
        assert "audit-log-path" not in guest.read(API_SERVER)

    def test_a_phase_that_fails_is_one_clear_error_with_its_reason(self, guest: Guest) -> None:
        init(guest)
        guest.answer("kubeadm", "[[ $* != *'control-plane all'* ]] || { echo 'patch does not apply' >&2; exit 1; }")
        result = init(guest, AUDITED)
        assert_one_error(result, "patch does not apply")
        assert "running kubeadm init phase control-plane all on cp1" in result.errors[0]
        assert "audit-log-path" not in (guest.known("uploaded") or "")

    def test_a_wrong_argument_is_one_clear_error_with_the_last_words_of_the_component(self, guest: Guest) -> None:
        """Pitfall: a gate or an argument that is gone stops the component, and only its own log says so."""
        init(guest)
        guest.answer("kubectl", API_SERVER_ENDS)
        guest.state("logs/kube-apiserver", "Error: unknown flag: --no-such-argument")
        result = init(guest, WRONG)
        assert_one_error(result, "Error: unknown flag: --no-such-argument")
        assert "waiting 180 s for the control plane of 10.87.0.10:6443 to take its settings" in result.errors[0]
        assert "no-such-argument" not in (guest.known("uploaded") or "")

    def test_a_wrong_argument_is_taken_back_by_the_step_itself(self, guest: Guest) -> None:
        """The engine sees no difference once the user has taken it back, and runs nothing."""
        init(guest)
        former = guest.read(API_SERVER)
        guest.answer("kubectl", API_SERVER_ENDS)
        assert "putting the control plane's former manifests back on cp1" in init(guest, WRONG).stderr
        assert guest.read(API_SERVER) == former

    def test_a_wrong_argument_taken_back_brings_the_api_server_back(self, guest: Guest) -> None:
        init(guest)
        guest.answer("kubectl", API_SERVER_ENDS)
        init(guest, WRONG)
        result = init(guest)
        assert (result.status, result.errors) == (0, [])
        assert "no-such-argument" not in guest.read(API_SERVER)
        init(guest)
        assert changed(guest) == []

    def test_a_wrong_argument_that_stays_is_an_error_again(self, guest: Guest) -> None:
        init(guest)
        guest.answer("kubectl", API_SERVER_ENDS)
        init(guest, WRONG)
        assert init(guest, WRONG).status == 1

    def test_a_component_that_keeps_its_old_arguments_is_named_with_both(self, guest: Guest) -> None:
        init(guest)
        guest.answer("kubectl", "[[ $* != *'get pod kube-scheduler-cp1'* ]] || { printf 'old true'; exit 0; }")
        guest.state("logs/kube-scheduler", "leader election lost")
        assert_one_error(init(guest, AUDITED), "kube-scheduler: found old true, wanted ", "leader election lost")

    def test_a_component_that_is_not_ready_is_waited_for(self, guest: Guest) -> None:
        init(guest)
        guest.answer(
            "kubectl",
            "[[ $* != *'get pod etcd-cp1'* ]] || { happened look;"
            ' (($(grep -c look "$state/events") >= 3)) || { echo -n "false"; exit 0; }; }',
        )
        assert init(guest, AUDITED).status == 0
        assert guest.read("/var/lib/guest/events").count("look") == 3

    def test_another_name_in_the_certificate_makes_it_anew_and_restarts_the_api_server(self, guest: Guest) -> None:
        init(guest)
        named = replace(CLUSTER, cert_sans=("api.lab.test",))
        assert init(guest, named).status == 0
        assert "api.lab.test" in guest.read("/etc/kubernetes/pki/apiserver.crt")
        done = changed(guest)
        assert done[:3] == ["kubeadm init phase certs apiserver", "crictl stop kube-apiserver", done[2]]
        before = guest.files()
        init(guest, named)
        assert guest.files() == before

    def test_other_settings_leave_the_certificate_alone(self, guest: Guest) -> None:
        init(guest)
        before = guest.files()["/etc/kubernetes/pki/apiserver.crt"]
        init(guest, AUDITED)
        assert guest.files()["/etc/kubernetes/pki/apiserver.crt"] == before

    @pytest.mark.parametrize("wanted", [("api.lab.test",), ()], ids=["kept", "taken back"])
    def test_a_certificate_whose_change_was_killed_is_made_good_by_the_next_run(
        self, guest: Guest, wanted: tuple[str, ...]
    ) -> None:
        init(guest)
        guest.answer("crictl", f"[[ $1 != stop ]] || {{ {KILLED}; }}")
        init(guest, replace(CLUSTER, cert_sans=("api.lab.test",)))
        guest.as_usual("crictl")
        assert init(guest, replace(CLUSTER, cert_sans=wanted)).status == 0
        assert ("api.lab.test" in guest.read("/etc/kubernetes/pki/apiserver.crt")) == bool(wanted)
        assert "crictl stop kube-apiserver" in changed(guest)

    def test_another_mode_of_kube_proxy_restarts_it_once(self, guest: Guest) -> None:
        init(guest)
        proxied = replace(CLUSTER, kube_proxy={"mode": "nftables"})
        assert init(guest, proxied).status == 0
        assert 'mode: "nftables"' in (guest.known("kube-proxy") or "")
        restart = "kubectl --namespace kube-system rollout restart daemonset/kube-proxy"
        assert restart in changed(guest)
        init(guest, replace(proxied, api_server_extra_args=AUDITED.api_server_extra_args))
        assert restart not in changed(guest)

    def test_kube_proxy_whose_restart_was_killed_is_restarted_by_the_next_run(self, guest: Guest) -> None:
        init(guest)
        proxied = replace(CLUSTER, kube_proxy={"mode": "nftables"})
        guest.answer("kubectl", f"[[ $* != *'rollout restart'* ]] || {{ {KILLED}; }}")
        init(guest, proxied)
        guest.as_usual("kubectl")
        assert init(guest, proxied).status == 0
        assert guest.calls("rollout restart daemonset/kube-proxy")

    def test_kube_proxy_that_does_not_take_its_settings_is_one_clear_error(self, guest: Guest) -> None:
        init(guest)
        guest.answer("kubectl", "[[ $* != *'rollout status'* ]] || { echo '1 of 3 updated' >&2; exit 1; }")
        result = init(guest, replace(CLUSTER, kube_proxy={"mode": "nftables"}))
        assert_one_error(result, "1 of 3 updated")
        assert "waiting 180 s for kube-proxy" in result.errors[0]

    def test_another_pod_subnet_is_refused_with_the_difference_and_nothing_is_done(self, guest: Guest) -> None:
        init(guest)
        result = init(guest, replace(CLUSTER, pod_subnet="10.9.0.0/16"))
        subnets = ("podSubnet: 10.9.0.0/16", "podSubnet: 10.244.0.0/16")
        assert_one_error(result, *subnets, "revert the change, or destroy the lab")
        assert "cp1" in result.errors[0]
        assert changed(guest) == []

    def test_a_refused_change_is_no_fault_once_it_is_taken_back(self, guest: Guest) -> None:
        init(guest)
        init(guest, replace(CLUSTER, pod_subnet="10.9.0.0/16"))
        result = init(guest)
        assert (result.status, result.errors, changed(guest)) == (0, [], [])
