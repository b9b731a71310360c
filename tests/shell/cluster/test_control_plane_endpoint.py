"""40-init-control-plane.sh on a running cluster that gets another endpoint."""

from dataclasses import replace

import pytest

from tests.shell import steps
from tests.shell.cluster.control_plane import AUDITED, changed, init
from tests.shell.guest.machine import KILLED, Guest
from tests.shell.world import CLUSTER

NAMED = replace(CLUSTER, control_plane_endpoint="api.lab.test:6443")
SERVER = "    server: https://api.lab.test:6443\n"
KUBECONFIGS = ("/etc/kubernetes/admin.conf", "/etc/kubernetes/super-admin.conf")


@pytest.fixture(autouse=True)
def control_plane(guest: Guest) -> None:
    steps.INIT.prepare(guest)


class TestEndpoint:
    def test_it_is_in_effect_wherever_the_control_plane_names_one(self, guest: Guest) -> None:
        init(guest)
        result = init(guest, NAMED)
        assert (result.status, result.errors) == (0, [])
        assert 'controlPlaneEndpoint: "api.lab.test:6443"' in guest.read("/etc/kubernetes/pki/apiserver.crt")
        assert "crictl stop kube-apiserver" in changed(guest)
        assert all(SERVER in guest.read(file) for file in KUBECONFIGS)
        assert SERVER in (guest.known("cluster-info") or "")
        assert "resourceVersion" not in (guest.known("cluster-info") or "")
        assert 'controlPlaneEndpoint: "api.lab.test:6443"' in (guest.known("uploaded") or "")

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
        result = init(guest, address="10.87.0.99")
        assert (result.status, len(result.errors)) == (1, 1)
        assert "found 10.87.0.99" in result.stderr
