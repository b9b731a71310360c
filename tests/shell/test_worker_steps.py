"""60-join-worker.sh and 65-manage-membership.sh: how a worker comes and goes."""

import pytest

from tests.shell import steps
from tests.shell.guest import Guest
from tests.shell.steps import CONTROL_PLANE_NODE, JOIN_DOCUMENT, TOKEN, WORKER_NODE

JOIN, MEMBERSHIP = steps.JOIN.file, steps.ADMIT.file
WANTED = {step.file: step.environment for step in (steps.JOIN, steps.ADMIT)}


@pytest.fixture(autouse=True)
def cluster(guest: Guest) -> None:
    steps.JOIN.prepare(guest)


class TestJoin:
    def test_the_worker_joins_with_the_whole_document(self, guest: Guest) -> None:
        result = guest.run(JOIN, WANTED[JOIN])
        assert (result.status, result.stdout, result.errors) == (0, "", [])
        assert guest.read("/local/join-document") == JOIN_DOCUMENT
        assert guest.exists("/etc/kubernetes/kubelet.conf")

    def test_no_file_keeps_the_token(self, guest: Guest) -> None:
        guest.state("tokens/abcde0", "known to the control plane alone")
        guest.run(JOIN, WANTED[JOIN])
        assert not [path for path, file in guest.files().items() if TOKEN in file.text]

    def test_no_file_keeps_the_token_of_a_join_that_failed(self, guest: Guest) -> None:
        guest.state("tokens/abcde0", "known to the control plane alone")
        guest.answer("kubeadm", "[[ $1 != join ]] || exit 1")
        guest.run(JOIN, WANTED[JOIN])
        assert not [path for path, file in guest.files().items() if TOKEN in file.text]

    def test_while_joining_the_token_is_readable_by_root_alone(self, guest: Guest) -> None:
        guest.answer("kubeadm", '[[ $1 != join ]] || remember mode "$(stat -c %a "$3")"')
        guest.run(JOIN, WANTED[JOIN])
        assert guest.known("mode") == "600"

    def test_a_second_run_changes_nothing(self, guest: Guest) -> None:
        guest.run(JOIN, WANTED[JOIN])
        before = guest.files()
        assert guest.run(JOIN, WANTED[JOIN]).status == 0
        assert guest.files() == before
        assert not guest.calls("kubeadm")

    def test_a_member_stays_one_also_with_another_token(self, guest: Guest) -> None:
        guest.run(JOIN, WANTED[JOIN])
        guest.run(JOIN, {**WANTED[JOIN], "KUBEADM_CONFIG": JOIN_DOCUMENT.replace("abcde0", "abcde1")})
        assert not guest.calls("kubeadm")

    @pytest.mark.parametrize("left", ["kubelet.conf", "bootstrap-kubelet.conf"])
    def test_a_join_that_did_not_finish_is_cleared_and_done_again(self, guest: Guest, left: str) -> None:
        guest.write(f"/etc/kubernetes/{left}", "")
        guest.state("nodes", CONTROL_PLANE_NODE)
        assert guest.run(JOIN, WANTED[JOIN]).status == 0
        assert [call.split()[1] for call in guest.calls("kubeadm")] == ["reset", "join"]

    def test_a_join_that_fails_shows_the_end_of_its_log(self, guest: Guest) -> None:
        guest.answer("kubeadm", '[[ $1 != join ]] || { seq 1 100; echo "couldn\'t validate the token" >&2; exit 1; }')
        result = guest.run(JOIN, WANTED[JOIN])
        assert result.status == 1
        assert len(result.errors) == 1
        assert "w1" in result.errors[0]
        assert "couldn't validate the token" in result.stderr
        assert "\n50\n" not in result.stderr


class TestMembership:
    def test_admitting_waits_for_the_node_and_deletes_the_token(self, guest: Guest) -> None:
        guest.state("tokens/abcde1", "abcde1.fedcba9876543210")
        guest.state("nodes", CONTROL_PLANE_NODE)
        # The node registers at the third look.
        guest.answer(
            "kubectl",
            '[[ $* != *"get node w1"* ]] || { happened look;'
            ' (($(grep -c look "$state/events") < 3)) || remember nodes "w1 1 1"; }',
        )
        result = guest.run(MEMBERSHIP, WANTED[MEMBERSHIP], "admit")
        assert (result.status, result.stdout, result.errors) == (0, "", [])
        assert guest.known("tokens/abcde0") is None
        assert guest.known("tokens/abcde1") is not None

    def test_admitting_again_changes_nothing(self, guest: Guest) -> None:
        guest.run(MEMBERSHIP, WANTED[MEMBERSHIP], "admit")
        before = guest.files()
        assert guest.run(MEMBERSHIP, WANTED[MEMBERSHIP], "admit").status == 0
        assert guest.files() == before

    def test_a_token_among_many_is_deleted(self, guest: Guest) -> None:
        guest.answer("kubeadm", f'[[ $* != "token list" ]] || {{ echo "{TOKEN} 14m"; seq -f "x%g.y" 100000; exit; }}')
        assert guest.run(MEMBERSHIP, WANTED[MEMBERSHIP], "admit").status == 0
        assert guest.known("tokens/abcde0") is None

    def test_tokens_that_cannot_be_listed_are_one_clear_error_and_not_an_empty_list(self, guest: Guest) -> None:
        guest.answer("kubeadm", '[[ $* != "token list" ]] || { echo "connection refused" >&2; exit 1; }')
        result = guest.run(MEMBERSHIP, WANTED[MEMBERSHIP], "admit")
        assert result.status != 0
        assert "connection refused" in result.stderr
        assert len(result.errors) == 1

    @pytest.mark.parametrize(
        ("other", "shown"),
        [
            (f"w2 {'1' * 32} 4206aaaa-0000-0000-0000-000000000002", ("machineID", "1" * 32)),
            (f"w2 {'2' * 32} 4206aaaa-0000-0000-0000-000000000001", ("systemUUID", "4206aaaa")),
        ],
    )
    def test_a_clone_of_another_node_is_refused(self, guest: Guest, other: str, shown: tuple[str, ...]) -> None:
        """Pitfall: the pod network did not start on the third node, which was a clone with another's machine-id."""
        guest.state("nodes", f"{CONTROL_PLANE_NODE}\n{WORKER_NODE}\n{other}")
        result = guest.run(MEMBERSHIP, WANTED[MEMBERSHIP], "admit")
        assert result.status == 1
        assert len(result.errors) == 1
        assert all(word in result.errors[0] for word in (*shown, "w1", "w2"))
        # It has joined already, so its token must not live on.
        assert guest.known("tokens/abcde0") is None

    def test_machines_without_a_system_uuid_are_not_taken_for_clones(self, guest: Guest) -> None:
        guest.state("nodes", f"{CONTROL_PLANE_NODE}\nw1 {'1' * 32}\nw2 {'2' * 32}")
        assert guest.run(MEMBERSHIP, WANTED[MEMBERSHIP], "admit").status == 0

    def test_nodes_that_cannot_be_compared_are_one_clear_error_and_not_an_empty_list(self, guest: Guest) -> None:
        guest.answer("kubectl", '[[ $* != "get nodes"* ]] || { echo "connection refused" >&2; exit 1; }')
        result = guest.run(MEMBERSHIP, WANTED[MEMBERSHIP], "admit")
        assert result.status != 0
        assert "connection refused" in result.stderr
        assert len(result.errors) == 1

    def test_a_node_that_never_registers_is_one_clear_error_with_the_last_words(self, guest: Guest) -> None:
        guest.state("nodes", CONTROL_PLANE_NODE)
        result = guest.run(MEMBERSHIP, WANTED[MEMBERSHIP], "admit")
        assert result.status == 1
        assert len(result.errors) == 1
        assert 'nodes "w1" not found' in result.errors[0]

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
        assert result.status != 0
        assert len(result.errors) == 1
        assert "connection to 10.87.0.10:6443 was refused" in result.stderr

    @pytest.mark.parametrize("arguments", [(), ("destroy",)])
    def test_an_unknown_argument_is_one_clear_error_and_nothing_is_done(
        self, guest: Guest, arguments: tuple[str, ...]
    ) -> None:
        result = guest.run(MEMBERSHIP, WANTED[MEMBERSHIP], *arguments)
        assert result.status == 1
        assert len(result.errors) == 1
        assert all(word in result.errors[0] for word in ("w1", "admit", "remove", *arguments))
        assert guest.calls() == []
