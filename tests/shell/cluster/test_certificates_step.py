"""41-renew-certificates.sh, and the same within 40-init-control-plane.sh: a cluster that lives for years."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from components.steps.cluster import certificates
from config import ClusterConfig
from tests.shell import steps
from tests.shell.cluster.control_plane import init
from tests.shell.guest.machine import KILLED, Guest, Result, assert_one_error
from tests.shell.world import ADDRESS, CLUSTER, CONTROL_PLANE_NODE, authority, authority_text
from tests.unit.components import labs

FILE, WANTED = steps.CERTIFICATES.file, steps.CERTIFICATES.environment
RENEWED = "kubeadm certs renew all"
COMPONENTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
RESTARTED = [f"crictl stop --timeout 10 {component}" for component in COMPONENTS]
KUBELET = "/var/lib/kubelet/pki/kubelet-client-current.pem"


def keep(guest: Guest, cluster: ClusterConfig = CLUSTER) -> Result:
    return guest.run(FILE, certificates.environment(labs.CONTROL_PLANE, cluster, ADDRESS, 0), "keep")


def end_in(guest: Guest, days: int) -> None:
    """The first certificate of the control plane ends after so many days."""
    now = datetime.now(UTC)
    dates = (now + timedelta(days=days), now + timedelta(days=3000))
    guest.state("certificates-end", " ".join(f"{date:%Y-%m-%dT%H:%M:%SZ}" for date in dates))


def done(guest: Guest) -> list[str]:
    """What the last run did to certificates, and to what reads them."""
    return [call.partition(" --config")[0] for call in guest.calls() if call.startswith((RENEWED, "crictl stop"))]


class TestCertificates:
    @pytest.fixture(autouse=True)
    def control_plane(self, guest: Guest) -> None:
        steps.CERTIFICATES.prepare(guest)

    @pytest.mark.case("C18")
    def test_a_kubeconfig_of_the_clusters_name_is_the_result(self, guest: Guest) -> None:
        result = keep(guest)
        assert (result.status, result.stderr) == (0, "")
        assert "current-context: lab-admin@lab\n" in result.stdout
        (call,) = guest.calls("kubeconfig user")
        assert "--org kubeadm:cluster-admins --validity-period 26280h" in call

    @pytest.mark.case("C17")
    def test_the_kubeconfig_says_when_the_first_certificate_ends(self, guest: Guest) -> None:
        end_in(guest, 400)
        first = keep(guest).stdout.splitlines()[0]
        assert first.startswith("# ")
        assert certificates.end(first) == certificates.end(guest.known("certificates-end") or "")

    def test_certificates_with_time_left_are_kept(self, guest: Guest) -> None:
        before = guest.files()
        assert keep(guest).status == 0
        assert guest.files() == before
        assert done(guest) == []

    @pytest.mark.case("C17")
    @pytest.mark.parametrize("days", [89, 1, -30])
    def test_certificates_that_end_soon_or_ended_are_renewed_and_taken_up(self, guest: Guest, days: int) -> None:
        end_in(guest, days)
        result = keep(guest)
        assert (result.status, result.errors) == (0, [])
        assert done(guest) == [RENEWED, *RESTARTED]
        assert keep(guest).status == 0
        assert done(guest) == []

    @pytest.mark.case("C17")
    def test_another_validity_renews_them_once(self, guest: Guest) -> None:
        longer = replace(CLUSTER, certificate_hours=43800)
        assert keep(guest, longer).status == 0
        assert done(guest) == [RENEWED, *RESTARTED]
        keep(guest, longer)
        assert done(guest) == []

    @pytest.mark.parametrize("killed", ["kubeadm", "crictl"])
    def test_a_renewal_that_was_killed_is_made_good_by_the_next_run(self, guest: Guest, killed: str) -> None:
        end_in(guest, 1)
        guest.answer(killed, f"[[ $1 != certs && $1 != stop || $* == *check* ]] || {{ {KILLED}; }}")
        assert keep(guest).status != 0
        guest.as_usual(killed)
        assert keep(guest).status == 0
        assert done(guest) == [RENEWED, *RESTARTED]

    def test_an_api_server_that_does_not_come_back_is_one_clear_error(self, guest: Guest) -> None:
        end_in(guest, 1)
        guest.answer("kubectl", "echo 'certificate has expired' >&2; exit 1")
        assert_one_error(keep(guest), "certificate has expired", "with its new certificate")

    @pytest.mark.case("C17")
    def test_the_control_planes_kubelet_gets_another_certificate_when_its_own_ended(self, guest: Guest) -> None:
        guest.write(KUBELET, authority_text("node", timedelta(days=2)))
        guest.answer(
            "kubeadm",
            "[[ $* != *system:node:cp1* ]] || {"
            ' echo "certificate-authority-data: $(base64 -w 0 /local/authority.crt)"; exit 0; }',
        )
        guest.state("packages/kubelet", "1.36.3-1")
        assert keep(guest).status == 0
        assert guest.read(KUBELET) == authority_text()
        assert guest.calls("systemctl restart kubelet")

    def test_show_says_the_day_alone_and_changes_nothing(self, guest: Guest) -> None:
        end_in(guest, 1)
        before = guest.files()
        result = guest.run(FILE, WANTED, certificates.SHOW)
        assert (result.status, result.stderr) == (0, "")
        assert certificates.end(result.stdout) is not None
        assert len(result.stdout.split()) == 1
        assert guest.files() == before

    def test_dates_that_cannot_be_had_are_one_clear_error(self, guest: Guest) -> None:
        guest.answer("kubeadm", "[[ $1 != certs ]] || { echo null null; exit 0; }")
        assert_one_error(keep(guest), "names no date")


class TestInit:
    """The control plane's own step, which runs first when a program or a setting changed."""

    @pytest.fixture(autouse=True)
    def control_plane(self, guest: Guest) -> None:
        steps.INIT.prepare(guest)
        assert init(guest).status == 0

    def test_its_result_is_the_birth_of_the_authority(self, guest: Guest) -> None:
        assert init(guest).stdout == f"{authority().not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ}\n"

    @pytest.mark.case("C17")
    def test_certificates_of_an_earlier_program_are_renewed_for_the_declared_time(self, guest: Guest) -> None:
        guest.remove("/etc/kubelab/applied/certificates")
        end_in(guest, -30)
        assert init(guest).status == 0
        assert RENEWED in done(guest)
        init(guest)
        assert done(guest) == []

    @pytest.mark.case("C4", "C20")
    def test_a_cluster_whose_record_was_lost_is_not_reset_and_gets_it_again(self, guest: Guest) -> None:
        record = guest.read("/etc/kubelab/cluster-identity.yaml")
        guest.write("/etc/kubelab/cluster-identity.yaml", "")
        assert init(guest).status == 0
        assert not guest.calls("kubeadm reset")
        assert guest.read("/etc/kubelab/cluster-identity.yaml") == record

    @pytest.mark.case("C4", "C20")
    def test_a_lost_record_beside_a_change_is_an_error_and_no_reset(self, guest: Guest) -> None:
        guest.remove("/etc/kubelab/cluster-identity.yaml")
        result = init(guest, replace(CLUSTER, pod_subnet="10.9.0.0/16"))
        assert_one_error(result, "it is lost", "revert the last change")
        assert not guest.calls("kubeadm reset")

    @pytest.mark.case("C4")
    def test_a_cluster_with_nodes_is_not_reset_though_nothing_of_ours_is_left(self, guest: Guest) -> None:
        for path in [path for path in guest.files() if path.startswith("/etc/kubelab/")]:
            guest.remove(path)
        guest.state("nodes", f"{CONTROL_PLANE_NODE}\nw1 b 1")
        assert_one_error(init(guest), "found a cluster that runs there with node/w1")
        assert not guest.calls("kubeadm reset")

    @pytest.mark.case("C4")
    def test_an_api_server_that_does_not_answer_resets_nothing(self, guest: Guest) -> None:
        before = {path: file for path, file in guest.files().items() if path.startswith("/etc")}
        guest.answer("kubectl", "echo 'connection refused' >&2; exit 1")
        assert_one_error(init(guest), "connection refused")
        assert not guest.calls("kubeadm reset")
        assert {path: file for path, file in guest.files().items() if path.startswith("/etc")} == before

    @pytest.mark.case("C16")
    def test_another_address_of_the_control_plane_is_said_with_both_and_the_remedy(self, guest: Guest) -> None:
        guest.state("address", "10.87.0.99")
        result = init(guest, address="10.87.0.99")
        assert_one_error(result, "found 10.87.0.99", "advertiseAddress 10.87.0.10", "reserve 10.87.0.10", "MAC")
        assert "destroy" not in result.stderr
