"""60-join-worker.sh: how a worker comes, and how it stays a member."""

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.shell import steps
from tests.shell.guest.machine import Guest, assert_one_error
from tests.shell.keys import admitted, host_key_text, private_text, worker_key
from tests.shell.steps import JOIN_DOCUMENT
from tests.shell.world import ADDRESS, CONTROL_PLANE_NODE, HOST_KEY, JOIN_KEY, WORKER_NODE

KEY_LINE = private_text(worker_key()).splitlines()[1]
JOIN, WANTED = steps.JOIN.file, steps.JOIN.environment
AGAIN = "pulumi up --replace '**Command::w1-membership'"


class TestJoin:
    @pytest.fixture(autouse=True)
    def cluster(self, guest: Guest) -> None:
        steps.JOIN.prepare(guest)

    def test_the_worker_joins_with_the_whole_document(self, guest: Guest) -> None:
        result = guest.run(JOIN, WANTED)
        assert (result.status, result.stdout, result.errors) == (0, "", [])
        assert guest.read("/local/join-document") == JOIN_DOCUMENT
        kubeconfig = yaml.safe_load(guest.read("/local/join-kubeconfig"))
        assert kubeconfig["clusters"][0]["cluster"] == {
            "server": f"https://{ADDRESS}:6443",
            "certificate-authority-data": admitted().authority,
        }
        assert kubeconfig["users"][0]["user"] == {
            "client-certificate-data": admitted().certificate,
            "client-key": JOIN_KEY,
        }
        assert guest.exists("/etc/kubernetes/kubelet.conf")

    @pytest.mark.case("C3")
    @pytest.mark.parametrize("status", [0, 1])
    def test_the_key_is_the_machines_host_key_and_is_gone_after_the_step(self, guest: Guest, status: int) -> None:
        seen = f"cp --preserve=mode {JOIN_KEY} /local/bin/seen; cp /run/kubelab-join.conf /local/seen"
        guest.answer("kubeadm", f"[[ $1 != join ]] || {{ {seen}; exit {status}; }}")
        guest.run(JOIN, WANTED)
        key = load_pem_private_key(guest.read("/local/bin/seen").encode(), None)
        assert key.public_key() == worker_key().public_key()
        assert guest.mode("/local/bin/seen") == 0o600
        assert KEY_LINE not in guest.read("/local/seen")
        assert not guest.exists("/run/kubelab-join.conf")
        assert not guest.exists(JOIN_KEY)

    def test_the_key_is_in_no_other_file_and_in_no_command(self, guest: Guest) -> None:
        result = guest.run(JOIN, WANTED)
        assert KEY_LINE not in result.stdout + result.stderr + "".join(guest.calls())
        assert [path for path, file in guest.files().items() if KEY_LINE in file.text] == []

    @pytest.mark.case("C17")
    def test_the_key_stays_as_long_as_a_kubelet_asks_for_its_certificate_by_it(self, guest: Guest) -> None:
        guest.answer("kubeadm", "[[ $1 != join ]] || { touch /etc/kubernetes/bootstrap-kubelet.conf; exit 1; }")
        guest.write("/etc/kubernetes/pki/ca.crt", "")
        assert guest.run(JOIN, WANTED).status == 1
        assert guest.mode(JOIN_KEY) == 0o600
        guest.as_usual("kubeadm")
        assert guest.run(JOIN, WANTED).status == 0
        assert not guest.exists(JOIN_KEY)

    @pytest.mark.parametrize("found", [None, "", "\n", host_key_text(ed25519.Ed25519PrivateKey.generate())])
    def test_a_key_that_is_not_the_admitted_one_is_one_clear_error(self, guest: Guest, found: str | None) -> None:
        guest.remove(HOST_KEY) if found is None else guest.write(HOST_KEY, found)
        result = guest.run(JOIN, WANTED)
        assert_one_error(result, HOST_KEY, "pulumi up --replace '**:index:*Machine::w1'")
        assert not guest.calls("kubeadm")
        assert not guest.exists(JOIN_KEY)

    @pytest.mark.parametrize("left", ["kubelet.conf", "bootstrap-kubelet.conf"])
    def test_a_join_that_did_not_finish_is_cleared_and_done_again(self, guest: Guest, left: str) -> None:
        guest.write(f"/etc/kubernetes/{left}", "")
        assert guest.run(JOIN, WANTED).status == 0
        assert [call.split()[1] for call in guest.calls("kubeadm")] == ["reset", "join"]

    def test_a_join_that_fails_shows_the_end_of_its_log(self, guest: Guest) -> None:
        guest.answer("kubeadm", '[[ $1 != join ]] || { seq 1 100; echo "couldn\'t validate the file" >&2; exit 1; }')
        result = guest.run(JOIN, WANTED)
        assert result.status == 1
        assert len(result.errors) == 1
        assert "w1" in result.errors[0]
        assert "couldn't validate the file" in result.stderr
        assert "\n50\n" not in result.stderr

    @pytest.mark.case("C3")
    def test_a_join_that_failed_is_done_by_the_next_run_with_the_very_same_inputs(self, guest: Guest) -> None:
        guest.answer("kubeadm", "[[ $1 != join ]] || exit 1")
        assert guest.run(JOIN, WANTED).status == 1
        guest.as_usual("kubeadm")
        assert guest.run(JOIN, WANTED).status == 0
        assert guest.exists("/etc/kubernetes/kubelet.conf")

    def test_a_machine_that_is_not_the_clusters_node_of_its_name_is_refused(self, guest: Guest) -> None:
        guest.state("nodes", f"{CONTROL_PLANE_NODE}\nw1 {'9' * 32} other")
        before = guest.files()
        result = guest.run(JOIN, WANTED)
        assert_one_error(result, AGAIN, "9" * 32, "1" * 32)
        assert guest.files() == before

    @pytest.mark.case("C3")
    def test_a_machine_whose_membership_was_undone_takes_its_own_name_again(self, guest: Guest) -> None:
        guest.state("nodes", f"{CONTROL_PLANE_NODE}\n{WORKER_NODE}")
        guest.state("ready/w1", "Unknown")
        assert guest.run(JOIN, WANTED).status == 0
        assert guest.calls("kubeadm join")


class TestMember:
    """A worker that joined; it is never reset."""

    @pytest.fixture(autouse=True)
    def member(self, guest: Guest) -> None:
        steps.JOIN.prepare(guest)
        assert guest.run(JOIN, WANTED).status == 0
        guest.state("nodes", f"{CONTROL_PLANE_NODE}\n{WORKER_NODE}")

    def test_a_second_run_changes_nothing(self, guest: Guest) -> None:
        before = guest.files()
        assert guest.run(JOIN, WANTED).status == 0
        assert guest.files() == before
        assert not guest.calls("kubeadm")

    @pytest.mark.case("C3")
    def test_a_member_stays_one_also_with_another_certificate(self, guest: Guest) -> None:
        before = guest.files()
        # Any other of the same key.
        other = admitted("another name of the authority").certificate
        assert guest.run(JOIN, {**WANTED, "CERTIFICATE": other}).status == 0
        assert guest.files() == before

    @pytest.mark.case("C4")
    def test_a_query_that_fails_once_is_asked_again(self, guest: Guest) -> None:
        guest.answer("kubectl", "[[ -e /run/asked ]] || { touch /run/asked; echo 'i/o timeout' >&2; exit 1; }")
        assert guest.run(JOIN, WANTED).status == 0
        assert not guest.calls("kubeadm")

    @pytest.mark.case("C4")
    def test_an_api_that_does_not_answer_is_an_error_and_the_member_is_left_alone(self, guest: Guest) -> None:
        before = guest.files()
        guest.answer("kubectl", "echo 'connect: connection refused' >&2; exit 1")
        assert_one_error(guest.run(JOIN, WANTED), "connection refused", "whether it has w1")
        assert guest.files() == before
        assert not guest.calls("kubeadm")

    @pytest.mark.case("C4", "C20")
    @pytest.mark.parametrize("emptied", ["/etc/kubernetes/kubelet.conf", "/etc/kubernetes/pki/ca.crt"])
    def test_a_file_that_a_power_cut_emptied_makes_no_stranger_of_a_member(self, guest: Guest, emptied: str) -> None:
        guest.write(emptied, "")
        assert guest.run(JOIN, WANTED).status == 0
        assert not guest.calls("kubeadm")
        assert guest.read("/etc/kubernetes/kubelet.conf")

    @pytest.mark.case("C4")
    def test_a_node_that_was_deleted_is_registered_again_without_a_reset(self, guest: Guest) -> None:
        guest.state("nodes", CONTROL_PLANE_NODE)
        guest.state("registers", f"{CONTROL_PLANE_NODE}\n{WORKER_NODE}")
        assert guest.run(JOIN, WANTED).status == 0
        assert not guest.calls("kubeadm")

    def test_a_member_of_the_cluster_before_joins_the_one_that_was_made_anew(self, guest: Guest) -> None:
        guest.state("nodes", CONTROL_PLANE_NODE)
        other = admitted("the cluster made anew")
        given = {**WANTED, "CERTIFICATE": other.certificate, "AUTHORITY": other.authority}
        assert guest.run(JOIN, given).status == 0
        assert [call.split()[1] for call in guest.calls("kubeadm")] == ["reset", "join"]

    @pytest.mark.case("C17")
    def test_a_kubelet_whose_certificate_has_ended_gets_another_and_stays_a_member(self, guest: Guest) -> None:
        guest.write("/var/lib/kubelet/pki/kubelet-client-current.pem", "ended")
        assert guest.run(JOIN, WANTED).status == 0
        assert "BEGIN CERTIFICATE" in guest.read("/var/lib/kubelet/pki/kubelet-client-current.pem")
        assert not guest.exists("/etc/kubernetes/bootstrap-kubelet.conf")
        assert not guest.calls("kubeadm")

    @pytest.mark.case("C16")
    def test_another_address_reaches_the_kubelet_and_the_remedy_is_said(self, guest: Guest) -> None:
        result = guest.run(JOIN, {**WANTED, "NODE_ADDRESS": "10.87.0.77"})
        assert result.status == 0, result.stderr
        assert "from 10.87.0.11 to 10.87.0.77" in result.stderr
        assert "reserve the machines' leases" in result.stderr
        assert "--node-ip=10.87.0.77" in guest.read("/var/lib/kubelet/kubeadm-flags.env")
        assert guest.calls("systemctl restart kubelet")
        assert not guest.calls("kubeadm")
