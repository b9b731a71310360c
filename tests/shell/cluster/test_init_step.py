"""40-init-control-plane.sh: a control plane from nothing."""

import pytest

from tests.shell import steps
from tests.shell.cluster.control_plane import API_SERVER, changed
from tests.shell.guest.machine import KILLED, Guest
from tests.shell.keys import authority

INIT, WANTED = steps.INIT.file, steps.INIT.environment
BORN = f"{authority().not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ}\n"
DOCUMENTS = WANTED["KUBEADM_CONFIG"]


@pytest.fixture(autouse=True)
def control_plane(guest: Guest) -> None:
    steps.INIT.prepare(guest)


class TestInit:
    def test_the_control_plane_is_initialised_and_its_birth_is_the_whole_result(self, guest: Guest) -> None:
        result = guest.run(INIT, WANTED)
        assert (result.status, result.errors) == (0, [])
        assert result.stdout == BORN
        assert guest.exists(API_SERVER)

    def test_nodes_look_for_their_settings_where_the_packages_step_writes_them(self) -> None:
        assert 'directory: "/etc/kubelab/kubeadm-patches"' in DOCUMENTS
        assert "/etc/kubelab/kubeadm-patches/" in steps.INSTALL_KUBERNETES.environment["KUBELET_PATCH"]

    def test_the_documents_are_readable_by_root_alone(self, guest: Guest) -> None:
        guest.run(INIT, WANTED)
        ours = [file for path, file in guest.files().items() if path.startswith("/etc/kubelab/")]
        holding = [file for file in ours if file.text in (DOCUMENTS, WANTED["IDENTITY"])]
        assert holding
        assert {file.mode for file in holding} == {0o600}

    def test_the_token_that_init_makes_is_deleted(self, guest: Guest) -> None:
        guest.answer("kubeadm", "[[ $1 != init ]] || remember tokens/zzzzz9 zzzzz9.0123456789abcdef")
        assert guest.run(INIT, WANTED).status == 0
        assert guest.known("tokens/zzzzz9") is None

    def test_tokens_of_init_that_cannot_be_listed_are_no_empty_list(self, guest: Guest) -> None:
        guest.answer("kubeadm", '[[ $* != "token list"* ]] || { echo "connection refused" >&2; exit 1; }')
        result = guest.run(INIT, WANTED)
        assert (result.status != 0, result.stdout) == (True, "")
        assert "connection refused" in result.stderr
        assert len(result.errors) == 1

    def test_a_second_run_changes_nothing_and_says_the_birth_again(self, guest: Guest) -> None:
        guest.run(INIT, WANTED)
        before = guest.files()
        result = guest.run(INIT, WANTED)
        assert (result.status, result.stdout) == (0, BORN)
        assert guest.files() == before
        assert changed(guest) == []

    def test_an_init_that_fails_shows_the_end_of_its_log(self, guest: Guest) -> None:
        failing = 'seq 1 100; echo "[ERROR Port-10250]: Port 10250 is in use" >&2; exit 1'
        guest.answer("kubeadm", f"[[ $1 != init ]] || {{ {failing}; }}")
        result = guest.run(INIT, WANTED)
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
        assert guest.run(INIT, WANTED).status != 0
        guest.as_usual("kubeadm")
        assert guest.run(INIT, WANTED).status == 0
        done = [call.split()[1] for call in guest.calls("kubeadm") if call.split()[1] in ("reset", "init")]
        assert done == ["reset", "init"]

    def test_an_init_that_failed_is_tried_again_by_the_next_run(self, guest: Guest) -> None:
        guest.answer("kubeadm", "[[ $1 != init ]] || exit 1")
        guest.run(INIT, WANTED)
        guest.as_usual("kubeadm")
        assert guest.run(INIT, WANTED).status == 0
        assert guest.calls("kubeadm init")

    def test_documents_that_kubeadm_refuses_are_never_used(self, guest: Guest) -> None:
        guest.answer("kubeadm", '[[ $1 != config ]] || { echo "unknown field \\"podSubnt\\"" >&2; exit 1; }')
        result = guest.run(INIT, WANTED)
        assert result.status != 0
        assert 'unknown field "podSubnt"' in result.stderr
        assert len(result.errors) == 1
        assert not guest.calls("kubeadm init")

    def test_an_api_server_that_does_not_answer_is_one_clear_error_with_its_last_words(self, guest: Guest) -> None:
        guest.run(INIT, WANTED)
        guest.answer("kubectl", 'echo "connection to 10.87.0.10:6443 was refused" >&2; exit 1')
        result = guest.run(INIT, WANTED)
        assert (result.status, result.stdout) == (1, "")
        assert len(result.errors) == 1
        assert "connection to 10.87.0.10:6443 was refused" in result.errors[0]
