"""50-manage-membership.sh: how a worker is admitted, and how it goes."""

from base64 import b64decode
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.shell import steps
from tests.shell.guest.machine import Guest, assert_one_error
from tests.shell.keys import authority, worker_key
from tests.shell.world import WORKER_NODE

MEMBERSHIP, WANTED = steps.ADMIT.file, steps.ADMIT.environment


class TestAdmission:
    @pytest.fixture(autouse=True)
    def control_plane(self, guest: Guest) -> None:
        steps.ADMIT.prepare(guest)

    def test_a_certificate_of_that_node_alone_and_the_authoritys_are_the_whole_result(self, guest: Guest) -> None:
        result = guest.run(MEMBERSHIP, WANTED, "admit")
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
        signed, _ = certificates_in(guest.run(MEMBERSHIP, WANTED, "admit").stdout)
        assert signed.not_valid_after_utc - signed.not_valid_before_utc == timedelta(hours=26280)
        assert not guest.calls("token")

    def test_admitting_changes_nothing_and_needs_no_answer_of_the_api(self, guest: Guest) -> None:
        before = {path: file for path, file in guest.files().items() if not path.startswith("/var/log/")}
        guest.answer("kubectl", "echo 'connection refused' >&2; exit 1")
        assert guest.run(MEMBERSHIP, WANTED, "admit").status == 0
        assert {path: file for path, file in guest.files().items() if not path.startswith("/var/log/")} == before

    def test_a_certificate_that_cannot_be_signed_is_one_clear_error(self, guest: Guest) -> None:
        guest.remove("/etc/kubernetes/pki/ca.key")
        assert_one_error(guest.run(MEMBERSHIP, WANTED, "admit"), "signing the certificate of w1", "ca.key")

    @pytest.mark.parametrize("key", ["ssh-ed25519 bm9uZQ==", "ssh-ed25519 ?", "none"])
    def test_what_is_no_key_is_one_clear_error_with_the_remedy(self, guest: Guest, key: str) -> None:
        result = guest.run(MEMBERSHIP, {**WANTED, "WORKER_KEY": key}, "admit")
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
        result = guest.run(MEMBERSHIP, WANTED, "remove")
        assert (result.status, result.stdout, result.errors) == (0, "", [])
        assert [line.split()[0] for line in (guest.known("nodes") or "").splitlines()] == ["cp1", "w10"]
        calls = guest.calls("kubectl")
        assert "--delete-emptydir-data" in guest.calls("drain w1")[0]
        assert calls.index(guest.calls("drain w1")[0]) < calls.index(guest.calls("delete node w1")[0])

    def test_removing_again_changes_nothing(self, guest: Guest) -> None:
        guest.run(MEMBERSHIP, WANTED, "remove")
        before = guest.files()
        assert guest.run(MEMBERSHIP, WANTED, "remove").status == 0
        assert guest.files() == before

    def test_a_node_that_cannot_be_drained_is_deleted_all_the_same_with_a_warning(self, guest: Guest) -> None:
        guest.answer("kubectl", '[[ $* != *drain* ]] || { echo "cannot evict pod web-1" >&2; exit 1; }')
        result = guest.run(MEMBERSHIP, WANTED, "remove")
        assert result.status == 0
        assert "cannot evict pod web-1" in result.stderr
        assert "warning: draining w1" in result.stderr
        assert WORKER_NODE not in (guest.known("nodes") or "").splitlines()

    def test_a_cluster_that_does_not_answer_is_one_clear_error_and_not_a_removed_node(self, guest: Guest) -> None:
        guest.answer("kubectl", 'echo "connection to 10.87.0.10:6443 was refused" >&2; exit 1')
        result = guest.run(MEMBERSHIP, WANTED, "remove")
        assert_one_error(result, "connection to 10.87.0.10:6443 was refused")

    @pytest.mark.case("C4")
    def test_a_query_that_fails_once_is_asked_again(self, guest: Guest) -> None:
        guest.answer("kubectl", "[[ -e /run/asked ]] || { touch /run/asked; echo 'i/o timeout' >&2; exit 1; }")
        assert guest.run(MEMBERSHIP, WANTED, "remove").status == 0
        assert guest.calls("delete node w1")

    @pytest.mark.parametrize("arguments", [(), ("destroy",)])
    def test_an_unknown_argument_is_one_clear_error_and_nothing_is_done(
        self, guest: Guest, arguments: tuple[str, ...]
    ) -> None:
        result = guest.run(MEMBERSHIP, WANTED, *arguments)
        assert result.status == 1
        assert len(result.errors) == 1
        assert all(word in result.errors[0] for word in ("w1", "admit", "remove", *arguments))
        assert guest.calls() == []
