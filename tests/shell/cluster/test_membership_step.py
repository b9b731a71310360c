"""50-manage-membership.sh: how a worker is admitted, and how it goes."""

from base64 import b64decode
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.shell import steps
from tests.shell.guest.machine import File, Guest, Result, assert_one_error
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

    def test_admitting_changes_nothing_of_a_cluster_and_needs_no_answer_of_the_api(self, guest: Guest) -> None:
        before = changeable(guest)
        guest.answer("kubectl", "echo 'connection refused' >&2; exit 1")
        assert guest.run(MEMBERSHIP, WANTED, "admit").status == 0
        after = changeable(guest)
        assert {path for path, file in after.items() if before.get(path) != file} == {MACHINES}
        assert guest.run(MEMBERSHIP, WANTED, "admit").status == 0
        assert changeable(guest) == after

    def test_a_certificate_that_cannot_be_signed_is_one_clear_error(self, guest: Guest) -> None:
        guest.remove("/etc/kubernetes/pki/ca.key")
        assert_one_error(guest.run(MEMBERSHIP, WANTED, "admit"), "signing the certificate of w1", "ca.key")

    @pytest.mark.parametrize("key", ["ssh-ed25519 bm9uZQ==", "ssh-ed25519 ?", "none"])
    def test_what_is_no_key_is_one_clear_error_with_the_remedy(self, guest: Guest, key: str) -> None:
        result = guest.run(MEMBERSHIP, {**WANTED, "WORKER_KEY": key}, "admit")
        assert_one_error(result, key, "pulumi up --replace '**SshKeyPair::w1-host-key'")


class TestCopies:
    """Clones of a machine that was not generalised: the cluster would take one for the other."""

    @pytest.fixture(autouse=True)
    def control_plane(self, guest: Guest) -> None:
        steps.ADMIT.prepare(guest)
        guest.write("/etc/hostname", "cp1\n")
        guest.write("/sys/class/dmi/id/product_uuid", "564D-01\n")
        guest.write("/sys/class/net/lo/address", "00:00:00:00:00:00\n")
        guest.write("/sys/class/net/ens192/address", "00:50:56:00:00:01\n")

    @pytest.mark.case("V16")
    def test_all_that_a_machine_shares_with_an_admitted_one_is_told_and_both_are_named(self, guest: Guest) -> None:
        assert admit(guest, "w1", steps.MACHINE).status == 0
        result = admit(guest, "w2", steps.MACHINE)
        shown = [f"{line}, which is that of w1 too (" for line in steps.MACHINE.splitlines()]
        remedies = ("empty /etc/machine-id in the image", "another BIOS UUID on its host", "another MAC")
        assert_one_error(result, "admitting w2: found on its machine machine-id", *shown, *remedies)
        assert "once that is mended, run: pulumi up --replace '**Command::w2-preflight'" in result.stderr
        assert "w2" not in guest.read(MACHINES)
        assert_one_error(admit(guest, "w2", "machine-id 3\nmac 00:50:56:00:00:02"), "found on its machine mac 00:50")

    def test_the_control_plane_itself_is_one_of_them(self, guest: Guest) -> None:
        lines = ("machine-id 11111111111111111111111111111111", "product-uuid 564d-01", "mac 00:50:56:00:00:01")
        result = admit(guest, "w2", "\n".join(lines))
        assert_one_error(result, *(f"{line}, which is that of cp1 too" for line in lines))

    def test_a_worker_is_no_copy_of_its_former_self(self, guest: Guest) -> None:
        admit(guest, "w1", steps.MACHINE)
        admit(guest, "w10", "mac 00:50:56:00:00:10")
        assert admit(guest, "w1", f"{steps.MACHINE}\nmac 00:50:56:00:00:22").status == 0
        assert admit(guest, "w1", "mac 00:50:56:00:00:04").status == 0
        assert guest.read(MACHINES) == "w10 mac 00:50:56:00:00:10\nw1 mac 00:50:56:00:00:04\n"

    def test_a_worker_that_left_makes_room_for_its_machine_under_another_name(self, guest: Guest) -> None:
        admit(guest, "w1", steps.MACHINE)
        assert guest.run(MEMBERSHIP, WANTED, "remove").status == 0
        assert admit(guest, "w2", steps.MACHINE).status == 0

    def test_a_machine_of_which_nothing_is_known_is_admitted(self, guest: Guest) -> None:
        """A program of before that made this one's preflight, of which a preview may still show the result."""
        assert admit(guest, "w1", "").status == 0
        assert admit(guest, "w2", "").status == 0


MACHINES = "/etc/kubelab/machines"


def admit(guest: Guest, worker: str, machine: str) -> Result:
    """Admits a worker whose machine is known by these lines."""
    return guest.run(MEMBERSHIP, {**WANTED, "WORKER": worker, "MACHINE": machine}, "admit")


def changeable(guest: Guest) -> dict[str, File]:
    """Every file of the machine but its logs."""
    return {path: file for path, file in guest.files().items() if not path.startswith("/var/log/")}


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

    @pytest.mark.parametrize(("way", "known"), [("rest", True), ("remove", False)])
    def test_the_machine_of_a_worker_that_rests_is_known_as_long_as_it_is_there(
        self, guest: Guest, way: str, known: bool
    ) -> None:
        guest.write(MACHINES, f"w1 machine-id {'7' * 32}\n")
        assert guest.run(MEMBERSHIP, WANTED, way).status == 0
        assert WORKER_NODE not in (guest.known("nodes") or "").splitlines()
        assert ("7" * 32 in guest.read(MACHINES)) is known

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
