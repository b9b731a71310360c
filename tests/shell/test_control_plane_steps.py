"""40-init-control-plane.sh and 45-apply-pod-network.sh: what is done on a control plane."""

import hashlib
from dataclasses import replace

import pytest

from config import ClusterConfig
from tests.shell import steps
from tests.shell.guest import KILLED, Guest, Result
from tests.shell.steps import CLUSTER, MANIFEST, MANIFEST_URL

WANTED = {step.file: step.environment for step in (steps.INIT, steps.APPLY_POD_NETWORK)}
INIT, NETWORK = WANTED
DOCUMENTS = WANTED[INIT]["KUBEADM_CONFIG"]
AUDITED = steps.api_server("audit-log-path", "/var/log/audit.log")
WRONG = steps.api_server("no-such-argument", "true")
REFUSED = "The connection to the server 10.87.0.10:6443 was refused"
API_SERVER = "/etc/kubernetes/manifests/kube-apiserver.yaml"
# An API server that is given an argument that it does not know ends at once, and nothing answers any more.
API_SERVER_ENDS = f"""if [[ $* != *--local* ]] && grep -q no-such-argument {API_SERVER}; then
  echo "{REFUSED}" >&2
  exit 1
fi"""


@pytest.fixture(autouse=True)
def control_plane(guest: Guest) -> None:
    for step in (steps.INIT, steps.APPLY_POD_NETWORK):
        step.prepare(guest)


def init(guest: Guest, cluster: ClusterConfig = CLUSTER) -> Result:
    """Run the control plane's step for a cluster."""
    return guest.run(INIT, steps.control_plane(cluster))


def changed(guest: Guest) -> list[str]:
    """What the last run called that changes a control plane."""
    verbs = ("kubeadm init", "kubeadm reset", "kubectl --namespace kube-system rollout restart", "crictl stop")
    return [call.partition(" --config")[0] for call in guest.calls() if call.startswith(verbs)]


class TestInit:
    def test_the_control_plane_is_initialised_and_a_kubeconfig_is_the_whole_result(self, guest: Guest) -> None:
        result = guest.run(INIT, WANTED[INIT])
        assert (result.status, result.errors) == (0, [])
        assert result.stdout == "apiVersion: v1\nkind: Config\n"
        assert guest.exists(API_SERVER)

    def test_the_kubeconfig_is_of_a_user_that_is_not_the_nodes_own(self, guest: Guest) -> None:
        guest.run(INIT, WANTED[INIT])
        assert "--client-name kubelab" in guest.calls("kubeadm kubeconfig user")[0]

    def test_nodes_look_for_their_settings_where_the_packages_step_writes_them(self) -> None:
        assert "directory: /etc/kubelab/kubeadm-patches" in DOCUMENTS
        assert "/etc/kubelab/kubeadm-patches/" in steps.INSTALL_KUBERNETES.environment["KUBELET_PATCH"]

    def test_the_documents_are_readable_by_root_alone(self, guest: Guest) -> None:
        guest.run(INIT, WANTED[INIT])
        ours = [file for path, file in guest.files().items() if path.startswith("/etc/kubelab/")]
        holding = [file for file in ours if file.text in (DOCUMENTS, WANTED[INIT]["IDENTITY"])]
        assert holding
        assert {file.mode for file in holding} == {0o600}

    def test_the_token_that_init_makes_is_deleted(self, guest: Guest) -> None:
        guest.answer("kubeadm", "[[ $1 != init ]] || remember tokens/zzzzz9 zzzzz9.0123456789abcdef")
        assert guest.run(INIT, WANTED[INIT]).status == 0
        assert guest.known("tokens/zzzzz9") is None

    def test_tokens_of_init_that_cannot_be_listed_are_no_empty_list(self, guest: Guest) -> None:
        guest.answer("kubeadm", '[[ $* != "token list"* ]] || { echo "connection refused" >&2; exit 1; }')
        result = guest.run(INIT, WANTED[INIT])
        assert (result.status != 0, result.stdout) == (True, "")
        assert "connection refused" in result.stderr
        assert len(result.errors) == 1

    def test_a_second_run_changes_nothing_and_gives_a_kubeconfig_again(self, guest: Guest) -> None:
        guest.run(INIT, WANTED[INIT])
        before = guest.files()
        result = guest.run(INIT, WANTED[INIT])
        assert (result.status, result.stdout) == (0, "apiVersion: v1\nkind: Config\n")
        assert guest.files() == before
        assert changed(guest) == []

    def test_an_init_that_fails_shows_the_end_of_its_log(self, guest: Guest) -> None:
        failing = 'seq 1 100; echo "[ERROR Port-10250]: Port 10250 is in use" >&2; exit 1'
        guest.answer("kubeadm", f"[[ $1 != init ]] || {{ {failing}; }}")
        result = guest.run(INIT, WANTED[INIT])
        assert (result.status, result.stdout) == (1, "")
        assert len(result.errors) == 1
        assert "cp1" in result.errors[0]
        assert "[ERROR Port-10250]: Port 10250 is in use" in result.stderr
        assert "\n50\n" not in result.stderr

    def test_an_init_that_did_not_finish_is_cleared_and_done_again(self, guest: Guest) -> None:
        guest.answer(
            "kubeadm",
            "[[ $1 != init ]] || { mkdir -p /etc/kubernetes/manifests /var/lib/etcd/member;"
            f" touch /etc/kubernetes/manifests/kube-apiserver.yaml; {KILLED}; }}",
        )
        assert guest.run(INIT, WANTED[INIT]).status != 0
        guest.as_usual("kubeadm")
        assert guest.run(INIT, WANTED[INIT]).status == 0
        done = [call.split()[1] for call in guest.calls("kubeadm") if call.split()[1] in ("reset", "init")]
        assert done == ["reset", "init"]

    def test_an_init_that_failed_is_tried_again_by_the_next_run(self, guest: Guest) -> None:
        guest.answer("kubeadm", "[[ $1 != init ]] || exit 1")
        guest.run(INIT, WANTED[INIT])
        guest.as_usual("kubeadm")
        assert guest.run(INIT, WANTED[INIT]).status == 0
        assert guest.calls("kubeadm init")

    def test_documents_that_kubeadm_refuses_are_never_used(self, guest: Guest) -> None:
        guest.answer("kubeadm", '[[ $1 != config ]] || { echo "unknown field \\"podSubnt\\"" >&2; exit 1; }')
        result = guest.run(INIT, WANTED[INIT])
        assert result.status != 0
        assert 'unknown field "podSubnt"' in result.stderr
        assert len(result.errors) == 1
        assert not guest.calls("kubeadm init")

    def test_an_api_server_that_does_not_answer_is_one_clear_error_with_its_last_words(self, guest: Guest) -> None:
        guest.run(INIT, WANTED[INIT])
        guest.answer("kubectl", 'echo "connection to 10.87.0.10:6443 was refused" >&2; exit 1')
        result = guest.run(INIT, WANTED[INIT])
        assert (result.status, result.stdout) == (1, "")
        assert len(result.errors) == 1
        assert "connection to 10.87.0.10:6443 was refused" in result.errors[0]


class TestChange:
    """Settings that change while the cluster runs."""

    def test_an_argument_of_the_api_server_is_applied(self, guest: Guest) -> None:
        """Pitfall: manifests edited by hand, which an upgrade loses."""
        init(guest)
        result = init(guest, AUDITED)
        assert (result.status, result.stdout, result.errors) == (0, "apiVersion: v1\nkind: Config\n", [])
        phases = ("control-plane all", "etcd local", "upload-config all", "addon kube-proxy")
        assert changed(guest) == [f"kubeadm init phase {phase}" for phase in phases]
        assert "audit-log-path" in guest.read(API_SERVER)
        assert "audit-log-path" in (guest.known("uploaded") or "")

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
        assert (result.status, result.stdout) == (1, "")
        assert len(result.errors) == 1
        assert "running kubeadm init phase control-plane all on cp1" in result.errors[0]
        assert "patch does not apply" in result.stderr
        assert "audit-log-path" not in (guest.known("uploaded") or "")

    def test_a_wrong_argument_is_one_clear_error_with_the_last_words_of_the_component(self, guest: Guest) -> None:
        """Pitfall: a gate or an argument that is gone stops the component, and only its own log says so."""
        init(guest)
        guest.answer("kubectl", API_SERVER_ENDS)
        guest.state("logs/kube-apiserver", "Error: unknown flag: --no-such-argument")
        result = init(guest, WRONG)
        assert (result.status, result.stdout) == (1, "")
        assert len(result.errors) == 1
        assert "waiting 180 s for the control plane of 10.87.0.10:6443 to take its settings" in result.errors[0]
        assert "Error: unknown flag: --no-such-argument" in result.stderr
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
        result = init(guest, AUDITED)
        assert (result.status, len(result.errors)) == (1, 1)
        assert "kube-scheduler: found old true, wanted " in result.stderr
        assert "leader election lost" in result.stderr

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
        assert "mode: nftables" in (guest.known("kube-proxy") or "")
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
        assert (result.status, len(result.errors)) == (1, 1)
        assert "waiting 180 s for kube-proxy" in result.errors[0]
        assert "1 of 3 updated" in result.stderr

    def test_another_pod_subnet_is_refused_with_the_difference_and_nothing_is_done(self, guest: Guest) -> None:
        init(guest)
        result = init(guest, replace(CLUSTER, pod_subnet="10.9.0.0/16"))
        assert (result.status, result.stdout) == (1, "")
        assert len(result.errors) == 1
        assert "cp1" in result.errors[0]
        assert all(f"podSubnet: {subnet}" in result.stderr for subnet in ("10.9.0.0/16", "10.244.0.0/16"))
        assert "revert the change, or destroy the lab" in result.stderr
        assert changed(guest) == []

    def test_a_refused_change_is_no_fault_once_it_is_taken_back(self, guest: Guest) -> None:
        init(guest)
        init(guest, replace(CLUSTER, pod_subnet="10.9.0.0/16"))
        result = init(guest)
        assert (result.status, result.errors, changed(guest)) == (0, [], [])


NAMED = replace(CLUSTER, control_plane_endpoint="api.lab.test:6443")
SERVER = "    server: https://api.lab.test:6443\n"
KUBECONFIGS = ("/etc/kubernetes/admin.conf", "/etc/kubernetes/super-admin.conf")


class TestEndpoint:
    """Another endpoint of a running cluster."""

    def test_it_is_in_effect_wherever_the_control_plane_names_one(self, guest: Guest) -> None:
        init(guest)
        result = init(guest, NAMED)
        assert (result.status, result.errors) == (0, [])
        assert "controlPlaneEndpoint: api.lab.test:6443" in guest.read("/etc/kubernetes/pki/apiserver.crt")
        assert "crictl stop kube-apiserver" in changed(guest)
        assert all(SERVER in guest.read(file) for file in KUBECONFIGS)
        assert SERVER in (guest.known("cluster-info") or "")
        assert "resourceVersion" not in (guest.known("cluster-info") or "")
        assert "controlPlaneEndpoint: api.lab.test:6443" in (guest.known("uploaded") or "")

    def test_it_is_applied_once(self, guest: Guest) -> None:
        init(guest)
        init(guest, NAMED)
        before = guest.files()
        assert init(guest, NAMED).status == 0
        assert guest.files() == before
        assert changed(guest) == []

    def test_other_settings_leave_the_kubeconfigs_alone(self, guest: Guest) -> None:
        init(guest)
        before = {file: guest.files()[file] for file in KUBECONFIGS}
        init(guest, AUDITED)
        assert {file: guest.files()[file] for file in KUBECONFIGS} == before

    @pytest.mark.parametrize("call", ["kubeconfig admin", "kubeconfig super-admin", "upload-config all"])
    def test_a_change_that_was_killed_is_made_good_by_the_next_run(self, guest: Guest, call: str) -> None:
        init(guest)
        guest.answer("kubeadm", f'[[ "$*" != "init phase {call} "* ]] || {{ {KILLED}; }}')
        assert init(guest, NAMED).status != 0
        guest.as_usual("kubeadm")
        assert init(guest, NAMED).status == 0
        assert all(SERVER in guest.read(file) for file in KUBECONFIGS)
        assert SERVER in (guest.known("cluster-info") or "")

    def test_one_that_does_not_answer_is_taken_back_by_the_step_itself(self, guest: Guest) -> None:
        init(guest)
        before = [guest.read(file) for file in KUBECONFIGS]
        asks_elsewhere = f"grep -q api.lab.test {KUBECONFIGS[0]}"
        guest.answer("kubectl", f'! {asks_elsewhere} || {{ echo "no such host" >&2; exit 1; }}')
        result = init(guest, NAMED)
        assert (result.status, len(result.errors)) == (1, 1)
        assert "no such host" in result.stderr
        assert [guest.read(file) for file in KUBECONFIGS] == before
        result = init(guest)
        assert (result.status, result.errors, changed(guest)) == (0, [], [])

    def test_the_name_that_nodes_joined_by_stays_in_the_certificate_or_is_missed(self, guest: Guest) -> None:
        init(guest, NAMED)
        other = replace(CLUSTER, control_plane_endpoint="k8s.lab.test:443")
        result = init(guest, other)
        assert (result.status, len(result.errors)) == (1, 1)
        assert "add api.lab.test to apiServer/certSANs" in result.errors[0]
        assert changed(guest) == []
        assert init(guest, replace(other, cert_sans=("api.lab.test",))).status == 0

    def test_an_endpoint_can_be_taken_back(self, guest: Guest) -> None:
        init(guest)
        init(guest, NAMED)
        assert init(guest, replace(CLUSTER, cert_sans=("api.lab.test",))).status == 0
        assert "server: https://10.87.0.10:6443" in guest.read(KUBECONFIGS[0])

    def test_another_address_of_the_node_itself_is_refused(self, guest: Guest) -> None:
        """etcd knows its members by their addresses."""
        init(guest)
        result = guest.run(INIT, steps.control_plane(CLUSTER, "10.87.0.99"))
        assert (result.status, len(result.errors)) == (1, 1)
        assert "advertiseAddress: 10.87.0.99" in result.stderr


class TestPodNetwork:
    def test_the_manifest_is_applied_with_what_this_cluster_changes(self, guest: Guest) -> None:
        result = guest.run(NETWORK, WANTED[NETWORK])
        assert (result.status, result.stdout, result.errors) == (0, "", [])
        folder = guest.calls("kubectl apply")[0].split()[-1]
        assert guest.read(f"{folder}/manifest.yaml") == MANIFEST
        assert guest.read(f"{folder}/kustomization.yaml") == WANTED[NETWORK]["KUSTOMIZATION"]

    def test_a_second_run_fetches_and_changes_nothing(self, guest: Guest) -> None:
        guest.run(NETWORK, WANTED[NETWORK])
        before = guest.files()
        assert guest.run(NETWORK, WANTED[NETWORK]).status == 0
        assert guest.files() == before
        assert not guest.calls("curl")

    def test_a_manifest_with_another_checksum_is_refused_and_not_applied(self, guest: Guest) -> None:
        guest.web(MANIFEST_URL, MANIFEST + "# changed on the way\n")
        result = guest.run(NETWORK, WANTED[NETWORK])
        assert result.status == 1
        assert len(result.errors) == 1
        found = hashlib.sha256(f"{MANIFEST}# changed on the way\n".encode()).hexdigest()
        assert all(word in result.errors[0] for word in (MANIFEST_URL, found, "0" * 64))
        assert not guest.calls("kubectl")

    def test_a_refused_manifest_is_fetched_anew_by_the_next_run(self, guest: Guest) -> None:
        guest.web(MANIFEST_URL, "broken")
        guest.run(NETWORK, WANTED[NETWORK])
        guest.web(MANIFEST_URL, MANIFEST)
        assert guest.run(NETWORK, WANTED[NETWORK]).status == 0
        folder = guest.calls("kubectl apply")[0].split()[-1]
        assert guest.read(f"{folder}/manifest.yaml") == MANIFEST

    def test_a_manifest_of_another_version_takes_the_place_of_the_earlier(self, guest: Guest) -> None:
        guest.run(NETWORK, WANTED[NETWORK])
        newer = MANIFEST + "# a newer one\n"
        guest.web(f"{MANIFEST_URL}.newer", newer)
        checksum = hashlib.sha256(newer.encode()).hexdigest()
        changed = {**WANTED[NETWORK], "MANIFEST_URL": f"{MANIFEST_URL}.newer", "MANIFEST_SHA256": checksum}
        assert guest.run(NETWORK, changed).status == 0
        folder = guest.calls("kubectl apply")[0].split()[-1]
        assert guest.read(f"{folder}/manifest.yaml") == newer

    def test_a_manifest_that_cannot_be_fetched_is_one_clear_error(self, guest: Guest) -> None:
        result = guest.run(NETWORK, {**WANTED[NETWORK], "MANIFEST_URL": f"{MANIFEST_URL}.gone"})
        assert result.status == 1
        assert len(result.errors) == 1
        assert f"{MANIFEST_URL}.gone" in result.errors[0]
        assert "404" in result.stderr
        assert not guest.calls("kubectl")

    def test_a_refusal_of_the_api_server_is_one_clear_error(self, guest: Guest) -> None:
        guest.answer("kubectl", 'echo "the server has asked for the client to provide credentials" >&2; exit 1')
        result = guest.run(NETWORK, WANTED[NETWORK])
        assert result.status != 0
        assert "the server has asked for the client to provide credentials" in result.stderr
        assert len(result.errors) == 1
