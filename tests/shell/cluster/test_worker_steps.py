"""50-manage-membership.sh and 60-join-worker.sh: how a worker comes and goes."""

from base64 import b64decode
from datetime import timedelta

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.shell import steps
from tests.shell.guest.machine import Guest, assert_one_error
from tests.shell.steps import JOIN_DOCUMENT
from tests.shell.world import (
    ADDRESS,
    CONTROL_PLANE_NODE,
    HOST_KEY,
    JOIN_KEY,
    WORKER_NODE,
    admitted,
    authority,
    host_key_text,
    private_text,
    worker_key,
)

JOIN, MEMBERSHIP = steps.JOIN.file, steps.ADMIT.file
KEY_LINE = private_text(worker_key()).splitlines()[1]
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
        guest.run(JOIN, WANTED[JOIN])
        key = load_pem_private_key(guest.read("/local/bin/seen").encode(), None)
        assert key.public_key() == worker_key().public_key()
        assert guest.mode("/local/bin/seen") == 0o600
        assert KEY_LINE not in guest.read("/local/seen")
        assert not guest.exists("/run/kubelab-join.conf")
        assert not guest.exists(JOIN_KEY)

    def test_the_key_is_in_no_other_file_and_in_no_command(self, guest: Guest) -> None:
        result = guest.run(JOIN, WANTED[JOIN])
        assert KEY_LINE not in result.stdout + result.stderr + "".join(guest.calls())
        assert [path for path, file in guest.files().items() if KEY_LINE in file.text] == []

    @pytest.mark.case("C17")
    def test_the_key_stays_as_long_as_a_kubelet_asks_for_its_certificate_by_it(self, guest: Guest) -> None:
        guest.answer("kubeadm", "[[ $1 != join ]] || { touch /etc/kubernetes/bootstrap-kubelet.conf; exit 1; }")
        guest.write("/etc/kubernetes/pki/ca.crt", "")
        assert guest.run(JOIN, WANTED[JOIN]).status == 1
        assert guest.mode(JOIN_KEY) == 0o600
        guest.as_usual("kubeadm")
        assert guest.run(JOIN, WANTED[JOIN]).status == 0
        assert not guest.exists(JOIN_KEY)

    @pytest.mark.parametrize("found", [None, "", "\n", host_key_text(ed25519.Ed25519PrivateKey.generate())])
    def test_a_key_that_is_not_the_admitted_one_is_one_clear_error(self, guest: Guest, found: str | None) -> None:
        guest.remove(HOST_KEY) if found is None else guest.write(HOST_KEY, found)
        result = guest.run(JOIN, WANTED[JOIN])
        assert_one_error(result, HOST_KEY, "pulumi up --replace '**VirtualMachine::w1'")
        assert not guest.calls("kubeadm")
        assert not guest.exists(JOIN_KEY)

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

    @pytest.mark.case("C3")
    def test_a_member_stays_one_also_with_another_certificate(self, guest: Guest) -> None:
        before = guest.files()
        # Any other of the same key.
        other = admitted("another name of the authority").certificate
        assert guest.run(JOIN, {**WANTED[JOIN], "CERTIFICATE": other}).status == 0
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
        other = admitted("the cluster made anew")
        given = {**WANTED[JOIN], "CERTIFICATE": other.certificate, "AUTHORITY": other.authority}
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

    def test_a_certificate_of_that_node_alone_and_the_authoritys_are_the_whole_result(self, guest: Guest) -> None:
        result = guest.run(MEMBERSHIP, WANTED[MEMBERSHIP], "admit")
        assert (result.status, result.stderr) == (0, "")
        signed, ca = certificates_in(result.stdout)
        assert signed.subject.rfc4514_string() == "CN=system:node:w1,O=system:nodes"
        assert signed.public_key() == worker_key().public_key()
        assert ca == authority()
        signed.verify_directly_issued_by(ca)
        usage = signed.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
        assert not signed.extensions.get_extension_for_class(x509.BasicConstraints).value.ca

    @pytest.mark.case("C3")
    def test_what_it_gives_is_valid_as_long_as_the_clusters_certificates(self, guest: Guest) -> None:
        signed, _ = certificates_in(guest.run(MEMBERSHIP, WANTED[MEMBERSHIP], "admit").stdout)
        assert signed.not_valid_after_utc - signed.not_valid_before_utc == timedelta(hours=26280)
        assert not guest.calls("token")

    def test_admitting_changes_nothing_and_needs_no_answer_of_the_api(self, guest: Guest) -> None:
        before = {path: file for path, file in guest.files().items() if not path.startswith("/var/log/")}
        guest.answer("kubectl", "echo 'connection refused' >&2; exit 1")
        assert guest.run(MEMBERSHIP, WANTED[MEMBERSHIP], "admit").status == 0
        assert {path: file for path, file in guest.files().items() if not path.startswith("/var/log/")} == before

    def test_a_certificate_that_cannot_be_signed_is_one_clear_error(self, guest: Guest) -> None:
        guest.remove("/etc/kubernetes/pki/ca.key")
        assert_one_error(guest.run(MEMBERSHIP, WANTED[MEMBERSHIP], "admit"), "signing the certificate of w1", "ca.key")

    @pytest.mark.parametrize("key", ["ssh-ed25519 bm9uZQ==", "ssh-ed25519 ?", "none"])
    def test_what_is_no_key_is_one_clear_error_with_the_remedy(self, guest: Guest, key: str) -> None:
        result = guest.run(MEMBERSHIP, {**WANTED[MEMBERSHIP], "WORKER_KEY": key}, "admit")
        assert_one_error(result, key, "pulumi up --replace '**SshKeyPair::w1-host-key'")


def certificates_in(stdout: str) -> list[x509.Certificate]:
    """The certificates that the step gives."""
    return [x509.load_pem_x509_certificate(b64decode(line)) for line in stdout.splitlines()]


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
