"""50-manage-membership.sh and 60-join-worker.sh: how a worker comes and goes."""

import hashlib

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.shell import steps
from tests.shell.guest.machine import Guest
from tests.shell.steps import JOIN_DOCUMENT
from tests.shell.world import CONTROL_PLANE_NODE, TOKEN, WORKER_NODE, authority

JOIN, MEMBERSHIP = steps.JOIN.file, steps.ADMIT.file
WANTED = {step.file: step.environment for step in (steps.JOIN, steps.ADMIT)}
AGAIN = "pulumi up --replace '**Command::w1-membership'"


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

    def test_a_member_needs_no_token(self, guest: Guest) -> None:
        guest.run(JOIN, WANTED[JOIN])
        before = guest.files()
        assert guest.run(JOIN, {**WANTED[JOIN], "KUBEADM_CONFIG": ""}).status == 0
        assert guest.files() == before

    def test_a_machine_that_is_not_the_clusters_node_of_its_name_is_refused(self, guest: Guest) -> None:
        before = guest.files()
        result = guest.run(JOIN, {**WANTED[JOIN], "KUBEADM_CONFIG": ""})
        assert (result.status, len(result.errors)) == (1, 1)
        assert AGAIN in result.errors[0]
        assert guest.files() == before

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
        assert AGAIN in result.errors[0]
        assert "\n50\n" not in result.stderr


class TestAdmission:
    @pytest.fixture(autouse=True)
    def control_plane(self, guest: Guest) -> None:
        steps.ADMIT.prepare(guest)

    def test_a_token_and_the_hash_of_the_authoritys_key_are_the_whole_result(self, guest: Guest) -> None:
        result = guest.run(MEMBERSHIP, WANTED[MEMBERSHIP], "admit")
        assert (result.status, result.stderr) == (0, "")
        assert result.stdout.split() == ["abcde1.0123456789abcdef", key_hash()]

    def test_the_token_lives_15_minutes_and_says_whose_it_is(self, guest: Guest) -> None:
        guest.run(MEMBERSHIP, WANTED[MEMBERSHIP], "admit")
        (call,) = guest.calls("kubeadm token create")
        assert "--ttl 15m" in call
        assert call.endswith("kubelab: join of w1")

    def test_a_node_that_the_cluster_has_is_left_alone_and_gets_none(self, guest: Guest) -> None:
        guest.state("nodes", f"{CONTROL_PLANE_NODE}\n{WORKER_NODE}")
        before = guest.files()
        result = guest.run(MEMBERSHIP, WANTED[MEMBERSHIP], "admit")
        assert (result.status, result.stdout.split()) == (0, ["-", key_hash()])
        assert guest.files() == before
        assert not guest.calls("kubeadm")

    def test_a_run_whose_answer_was_lost_is_repeated_with_a_fresh_token(self, guest: Guest) -> None:
        first = guest.run(MEMBERSHIP, WANTED[MEMBERSHIP], "admit")
        before = guest.files()
        second = guest.run(MEMBERSHIP, WANTED[MEMBERSHIP], "admit")
        assert first.stdout.split()[0] != second.stdout.split()[0]
        assert [path for path in guest.files() if path not in before] == ["/var/lib/guest/facts/tokens/abcde2"]
        assert {path: guest.files()[path] for path in before} == before

    def test_a_token_that_cannot_be_minted_is_one_clear_error(self, guest: Guest) -> None:
        guest.answer("kubeadm", 'echo "timed out waiting for the condition" >&2; exit 1')
        result = guest.run(MEMBERSHIP, WANTED[MEMBERSHIP], "admit")
        assert (result.status != 0, result.stdout) == (True, "")
        assert "timed out waiting for the condition" in result.stderr
        assert len(result.errors) == 1

    def test_a_cluster_that_does_not_answer_is_not_taken_for_one_without_the_node(self, guest: Guest) -> None:
        guest.answer("kubectl", 'echo "connection refused" >&2; exit 1')
        result = guest.run(MEMBERSHIP, WANTED[MEMBERSHIP], "admit")
        assert (result.status != 0, result.stdout) == (True, "")
        assert len(result.errors) == 1
        assert not guest.calls("kubeadm")


def key_hash() -> str:
    """The hash of the authority's key, as kubeadm takes it."""
    key = authority().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"sha256:{hashlib.sha256(key).hexdigest()}"


class TestRemoval:
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
