"""50-manage-membership.sh and 60-join-worker.sh: how a worker comes and goes."""

import pytest

from tests.shell import steps
from tests.shell.guest.machine import Guest, assert_one_error
from tests.shell.steps import JOIN_DOCUMENT
from tests.shell.world import CONTROL_PLANE_NODE, SECRET_KEY, WORKER_NODE, credential

JOIN, MEMBERSHIP = steps.JOIN.file, steps.ADMIT.file
WANTED = {step.file: step.environment for step in (steps.JOIN, steps.ADMIT)}
AGAIN = "pulumi up --replace '**Command::w1-membership'"


class TestJoin:
    @pytest.fixture(autouse=True)
    def cluster(self, guest: Guest) -> None:
        steps.JOIN.prepare(guest)

    def test_the_worker_joins_with_the_whole_document(self, guest: Guest) -> None:
        result = guest.run(JOIN, WANTED[JOIN])
        assert (result.status, result.stdout, result.errors) == (0, "", [])
        assert guest.read("/local/join-document") == JOIN_DOCUMENT
        assert guest.read("/local/join-kubeconfig") == WANTED[JOIN]["JOIN_KUBECONFIG"]
        assert guest.exists("/etc/kubernetes/kubelet.conf")

    def test_no_file_keeps_the_credential(self, guest: Guest) -> None:
        guest.run(JOIN, WANTED[JOIN])
        assert not [path for path, file in guest.files().items() if SECRET_KEY in file.text]

    def test_no_file_keeps_the_credential_of_a_join_that_failed(self, guest: Guest) -> None:
        guest.answer("kubeadm", "[[ $1 != join ]] || exit 1")
        guest.run(JOIN, WANTED[JOIN])
        assert not [path for path, file in guest.files().items() if SECRET_KEY in file.text]

    def test_while_joining_the_credential_is_readable_by_root_alone(self, guest: Guest) -> None:
        guest.answer("kubeadm", '[[ $1 != join ]] || remember mode "$(stat -c %a /run/kubelab-join.conf)"')
        guest.run(JOIN, WANTED[JOIN])
        assert guest.known("mode") == "600"

    @pytest.mark.parametrize("left", ["kubelet.conf", "bootstrap-kubelet.conf"])
    def test_a_join_that_did_not_finish_is_cleared_and_done_again(self, guest: Guest, left: str) -> None:
        guest.write(f"/etc/kubernetes/{left}", "")
        assert guest.run(JOIN, WANTED[JOIN]).status == 0
        assert [call.split()[1] for call in guest.calls("kubeadm")] == ["reset", "join"]

    def test_a_join_that_fails_shows_the_end_of_its_log(self, guest: Guest) -> None:
        guest.answer("kubeadm", '[[ $1 != join ]] || { seq 1 100; echo "couldn\'t validate the file" >&2; exit 1; }')
        result = guest.run(JOIN, WANTED[JOIN])
        assert result.status == 1
        assert len(result.errors) == 1
        assert "w1" in result.errors[0]
        assert "couldn't validate the file" in result.stderr
        assert "\n50\n" not in result.stderr

    @pytest.mark.case("C3")
    def test_a_join_that_failed_is_done_by_the_next_run_with_the_very_same_inputs(self, guest: Guest) -> None:
        guest.answer("kubeadm", "[[ $1 != join ]] || exit 1")
        assert guest.run(JOIN, WANTED[JOIN]).status == 1
        guest.as_usual("kubeadm")
        assert guest.run(JOIN, WANTED[JOIN]).status == 0
        assert guest.exists("/etc/kubernetes/kubelet.conf")

    def test_a_machine_that_is_not_the_clusters_node_of_its_name_is_refused(self, guest: Guest) -> None:
        guest.state("nodes", f"{CONTROL_PLANE_NODE}\nw1 {'9' * 32} other")
        before = guest.files()
        result = guest.run(JOIN, WANTED[JOIN])
        assert_one_error(result, AGAIN, "9" * 32, "1" * 32)
        assert guest.files() == before

    @pytest.mark.case("C3")
    def test_a_machine_whose_membership_was_undone_takes_its_own_name_again(self, guest: Guest) -> None:
        guest.state("nodes", f"{CONTROL_PLANE_NODE}\n{WORKER_NODE}")
        guest.state("ready/w1", "Unknown")
        assert guest.run(JOIN, WANTED[JOIN]).status == 0
        assert guest.calls("kubeadm join")


class TestMember:
    """A worker that joined; it is never reset."""

    @pytest.fixture(autouse=True)
    def member(self, guest: Guest) -> None:
        steps.JOIN.prepare(guest)
        assert guest.run(JOIN, WANTED[JOIN]).status == 0
        guest.state("nodes", f"{CONTROL_PLANE_NODE}\n{WORKER_NODE}")

    def test_a_second_run_changes_nothing(self, guest: Guest) -> None:
        before = guest.files()
        assert guest.run(JOIN, WANTED[JOIN]).status == 0
        assert guest.files() == before
        assert not guest.calls("kubeadm")

    def test_a_member_stays_one_also_with_another_credential(self, guest: Guest) -> None:
        before = guest.files()
        other = WANTED[JOIN]["JOIN_KUBECONFIG"].replace(SECRET_KEY, "b3RoZXI=")
        assert guest.run(JOIN, {**WANTED[JOIN], "JOIN_KUBECONFIG": other}).status == 0
        assert guest.files() == before

    @pytest.mark.case("C4")
    def test_a_query_that_fails_once_is_asked_again(self, guest: Guest) -> None:
        guest.answer("kubectl", "[[ -e /run/asked ]] || { touch /run/asked; echo 'i/o timeout' >&2; exit 1; }")
        assert guest.run(JOIN, WANTED[JOIN]).status == 0
        assert not guest.calls("kubeadm")

    @pytest.mark.case("C4")
    def test_an_api_that_does_not_answer_is_an_error_and_the_member_is_left_alone(self, guest: Guest) -> None:
        before = guest.files()
        guest.answer("kubectl", "echo 'connect: connection refused' >&2; exit 1")
        assert_one_error(guest.run(JOIN, WANTED[JOIN]), "connection refused", "whether it has w1")
        assert guest.files() == before
        assert not guest.calls("kubeadm")

    @pytest.mark.case("C4", "C20")
    @pytest.mark.parametrize("emptied", ["/etc/kubernetes/kubelet.conf", "/etc/kubernetes/pki/ca.crt"])
    def test_a_file_that_a_power_cut_emptied_makes_no_stranger_of_a_member(self, guest: Guest, emptied: str) -> None:
        guest.write(emptied, "")
        assert guest.run(JOIN, WANTED[JOIN]).status == 0
        assert not guest.calls("kubeadm")
        assert guest.read("/etc/kubernetes/kubelet.conf")

    @pytest.mark.case("C4")
    def test_a_node_that_was_deleted_is_registered_again_without_a_reset(self, guest: Guest) -> None:
        guest.state("nodes", CONTROL_PLANE_NODE)
        guest.state("registers", f"{CONTROL_PLANE_NODE}\n{WORKER_NODE}")
        assert guest.run(JOIN, WANTED[JOIN]).status == 0
        assert not guest.calls("kubeadm")

    def test_a_member_of_the_cluster_before_joins_the_one_that_was_made_anew(self, guest: Guest) -> None:
        guest.state("nodes", CONTROL_PLANE_NODE)
        given = {**WANTED[JOIN], "JOIN_KUBECONFIG": credential("the cluster made anew")}
        assert guest.run(JOIN, given).status == 0
        assert [call.split()[1] for call in guest.calls("kubeadm")] == ["reset", "join"]

    @pytest.mark.case("C17")
    def test_a_kubelet_whose_certificate_has_ended_gets_another_and_stays_a_member(self, guest: Guest) -> None:
        guest.write("/var/lib/kubelet/pki/kubelet-client-current.pem", "ended")
        assert guest.run(JOIN, WANTED[JOIN]).status == 0
        assert "BEGIN CERTIFICATE" in guest.read("/var/lib/kubelet/pki/kubelet-client-current.pem")
        assert not guest.exists("/etc/kubernetes/bootstrap-kubelet.conf")
        assert not guest.calls("kubeadm")

    @pytest.mark.case("C16")
    def test_another_address_reaches_the_kubelet_and_the_remedy_is_said(self, guest: Guest) -> None:
        result = guest.run(JOIN, {**WANTED[JOIN], "NODE_ADDRESS": "10.87.0.77"})
        assert result.status == 0, result.stderr
        assert "from 10.87.0.11 to 10.87.0.77" in result.stderr
        assert "reserve the machines' leases" in result.stderr
        assert "--node-ip=10.87.0.77" in guest.read("/var/lib/kubelet/kubeadm-flags.env")
        assert guest.calls("systemctl restart kubelet")
        assert not guest.calls("kubeadm")


class TestAdmission:
    @pytest.fixture(autouse=True)
    def control_plane(self, guest: Guest) -> None:
        steps.ADMIT.prepare(guest)

    def test_a_kubeconfig_of_the_workers_own_is_the_whole_result(self, guest: Guest) -> None:
        result = guest.run(MEMBERSHIP, WANTED[MEMBERSHIP], "admit")
        assert (result.status, result.stderr) == (0, "")
        assert "current-context: system:node:w1@lab" in result.stdout
        (call,) = guest.calls("kubeadm")
        assert "--client-name system:node:w1 --org system:nodes" in call

    @pytest.mark.case("C3")
    def test_what_it_gives_is_valid_as_long_as_the_clusters_certificates(self, guest: Guest) -> None:
        guest.run(MEMBERSHIP, WANTED[MEMBERSHIP], "admit")
        assert "--validity-period 26280h" in guest.calls("kubeadm kubeconfig user")[0]
        assert not guest.calls("token")

    def test_admitting_changes_nothing_and_needs_no_answer_of_the_api(self, guest: Guest) -> None:
        before = guest.files()
        guest.answer("kubectl", "echo 'connection refused' >&2; exit 1")
        assert guest.run(MEMBERSHIP, WANTED[MEMBERSHIP], "admit").status == 0
        assert guest.files() == before

    def test_a_credential_that_cannot_be_made_is_one_clear_error(self, guest: Guest) -> None:
        guest.answer("kubeadm", 'echo "the CA files couldn\'t be loaded" >&2; exit 1')
        result = guest.run(MEMBERSHIP, WANTED[MEMBERSHIP], "admit")
        assert_one_error(result, "the CA files couldn't be loaded")


class TestRemoval:
    @pytest.fixture(autouse=True)
    def cluster(self, guest: Guest) -> None:
        steps.REMOVE.prepare(guest)

    def test_removing_drains_and_then_deletes_that_node_alone(self, guest: Guest) -> None:
        """Pitfall: drain and delete; `--delete-local-data` is gone."""
        result = guest.run(MEMBERSHIP, WANTED[MEMBERSHIP], "remove")
        assert (result.status, result.stdout, result.errors) == (0, "", [])
        assert [line.split()[0] for line in (guest.known("nodes") or "").splitlines()] == ["cp1", "w10"]
        calls = guest.calls("kubectl")
        assert "--delete-emptydir-data" in guest.calls("drain w1")[0]
        assert calls.index(guest.calls("drain w1")[0]) < calls.index(guest.calls("delete node w1")[0])

    def test_removing_again_changes_nothing(self, guest: Guest) -> None:
        guest.run(MEMBERSHIP, WANTED[MEMBERSHIP], "remove")
        before = guest.files()
        assert guest.run(MEMBERSHIP, WANTED[MEMBERSHIP], "remove").status == 0
        assert guest.files() == before

    def test_a_node_that_cannot_be_drained_is_deleted_all_the_same_with_a_warning(self, guest: Guest) -> None:
        guest.answer("kubectl", '[[ $* != *drain* ]] || { echo "cannot evict pod web-1" >&2; exit 1; }')
        result = guest.run(MEMBERSHIP, WANTED[MEMBERSHIP], "remove")
        assert result.status == 0
        assert "cannot evict pod web-1" in result.stderr
        assert "warning: draining w1" in result.stderr
        assert WORKER_NODE not in (guest.known("nodes") or "").splitlines()

    def test_a_cluster_that_does_not_answer_is_one_clear_error_and_not_a_removed_node(self, guest: Guest) -> None:
        guest.answer("kubectl", 'echo "connection to 10.87.0.10:6443 was refused" >&2; exit 1')
        result = guest.run(MEMBERSHIP, WANTED[MEMBERSHIP], "remove")
        assert_one_error(result, "connection to 10.87.0.10:6443 was refused")

    @pytest.mark.case("C4")
    def test_a_query_that_fails_once_is_asked_again(self, guest: Guest) -> None:
        guest.answer("kubectl", "[[ -e /run/asked ]] || { touch /run/asked; echo 'i/o timeout' >&2; exit 1; }")
        assert guest.run(MEMBERSHIP, WANTED[MEMBERSHIP], "remove").status == 0
        assert guest.calls("delete node w1")

    @pytest.mark.parametrize("arguments", [(), ("destroy",)])
    def test_an_unknown_argument_is_one_clear_error_and_nothing_is_done(
        self, guest: Guest, arguments: tuple[str, ...]
    ) -> None:
        result = guest.run(MEMBERSHIP, WANTED[MEMBERSHIP], *arguments)
        assert result.status == 1
        assert len(result.errors) == 1
        assert all(word in result.errors[0] for word in ("w1", "admit", "remove", *arguments))
        assert guest.calls() == []
