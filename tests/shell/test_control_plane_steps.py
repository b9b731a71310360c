"""40-init-control-plane.sh, 45-apply-pod-network.sh and 50-mint-token.sh: what is done on a control plane."""

import hashlib

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.shell import steps
from tests.shell.guest import Guest
from tests.shell.steps import MANIFEST, MANIFEST_URL, authority

WANTED = {step.file: step.environment for step in (steps.INIT, steps.APPLY_POD_NETWORK, steps.MINT_TOKEN)}
INIT, NETWORK, MINT = WANTED
DOCUMENTS = WANTED[INIT]["KUBEADM_CONFIG"]


@pytest.fixture(autouse=True)
def control_plane(guest: Guest) -> None:
    for step in (steps.INIT, steps.APPLY_POD_NETWORK, steps.MINT_TOKEN):
        step.prepare(guest)


class TestInit:
    def test_the_control_plane_is_initialised_and_a_clients_kubeconfig_is_the_whole_result(self, guest: Guest) -> None:
        result = guest.run(INIT, WANTED[INIT])
        assert (result.status, result.errors) == (0, [])
        assert result.stdout == "apiVersion: v1\nkind: Config\n"
        assert guest.exists("/etc/kubernetes/manifests/kube-apiserver.yaml")

    def test_the_kubeconfig_is_of_a_user_that_is_not_the_nodes_own(self, guest: Guest) -> None:
        guest.run(INIT, WANTED[INIT])
        assert "--client-name kubelab" in guest.calls("kubeadm kubeconfig user")[0]

    def test_the_documents_are_readable_by_root_alone(self, guest: Guest) -> None:
        guest.run(INIT, WANTED[INIT])
        holding = [file for file in guest.files().values() if file.text == DOCUMENTS]
        assert holding
        assert {file.mode for file in holding} == {0o600}

    def test_the_token_that_init_makes_is_deleted(self, guest: Guest) -> None:
        guest.answer("kubeadm", "[[ $1 != init ]] || remember tokens/zzzzz9 zzzzz9.0123456789abcdef")
        assert guest.run(INIT, WANTED[INIT]).status == 0
        assert guest.known("tokens/zzzzz9") is None

    def test_tokens_of_init_that_cannot_be_listed_are_one_clear_error_and_not_an_empty_list(self, guest: Guest) -> None:
        guest.answer("kubeadm", '[[ $* != "token list"* ]] || { echo "connection refused" >&2; exit 1; }')
        result = guest.run(INIT, WANTED[INIT])
        assert (result.status != 0, result.stdout) == (True, "")
        assert "connection refused" in result.stderr
        assert len(result.errors) == 1

    def test_a_second_run_changes_nothing_and_gives_a_kubeconfig_again(self, guest: Guest) -> None:
        guest.run(INIT, WANTED[INIT])
        before = guest.files()
        result = guest.run(INIT, WANTED[INIT])
        assert (result.status, result.stdout) == (0, "apiVersion: v1\nkind: Config\n")
        assert guest.files() == before
        assert not guest.calls("kubeadm init")

    def test_an_init_that_fails_shows_the_end_of_its_log(self, guest: Guest) -> None:
        failing = 'seq 1 100; echo "[ERROR Port-10250]: Port 10250 is in use" >&2; exit 1'
        guest.answer("kubeadm", f"[[ $1 != init ]] || {{ {failing}; }}")
        result = guest.run(INIT, WANTED[INIT])
        assert (result.status, result.stdout) == (1, "")
        assert len(result.errors) == 1
        assert "cp1" in result.errors[0]
        assert "[ERROR Port-10250]: Port 10250 is in use" in result.stderr
        assert "\n50\n" not in result.stderr

    def test_an_init_that_did_not_finish_is_cleared_and_done_again(self, guest: Guest) -> None:
        guest.answer(
            "kubeadm",
            "[[ $1 != init ]] || { mkdir -p /etc/kubernetes/manifests /var/lib/etcd/member;"
            " touch /etc/kubernetes/manifests/kube-apiserver.yaml; kill -KILL $PPID; exit 1; }",
        )
        assert guest.run(INIT, WANTED[INIT]).status != 0
        guest.as_usual("kubeadm")
        assert guest.run(INIT, WANTED[INIT]).status == 0
        done = [call.split()[1] for call in guest.calls("kubeadm") if call.split()[1] in ("reset", "init")]
        assert done == ["reset", "init"]

    def test_an_init_that_failed_is_tried_again_by_the_next_run(self, guest: Guest) -> None:
        guest.answer("kubeadm", "[[ $1 != init ]] || exit 1")
        guest.run(INIT, WANTED[INIT])
        guest.as_usual("kubeadm")
        assert guest.run(INIT, WANTED[INIT]).status == 0
        assert guest.calls("kubeadm init")

    def test_changed_documents_are_refused_with_the_difference_and_nothing_is_done(self, guest: Guest) -> None:
        guest.run(INIT, WANTED[INIT])
        result = guest.run(INIT, {**WANTED[INIT], "KUBEADM_CONFIG": DOCUMENTS + "podSubnet: 10.9.0.0/16\n"})
        assert (result.status, result.stdout) == (1, "")
        assert len(result.errors) == 1
        assert "podSubnet: 10.9.0.0/16" in result.errors[0]
        assert "cp1" in result.errors[0]
        assert not [call for call in guest.calls("kubeadm") if call.split()[1] in ("init", "reset")]

    def test_documents_changed_back_are_accepted_again(self, guest: Guest) -> None:
        guest.run(INIT, WANTED[INIT])
        guest.run(INIT, {**WANTED[INIT], "KUBEADM_CONFIG": DOCUMENTS + "podSubnet: 10.9.0.0/16\n"})
        assert guest.run(INIT, WANTED[INIT]).status == 0

    def test_documents_that_kubeadm_refuses_are_never_used(self, guest: Guest) -> None:
        guest.answer("kubeadm", '[[ $1 != config ]] || { echo "unknown field \\"podSubnt\\"" >&2; exit 1; }')
        result = guest.run(INIT, WANTED[INIT])
        assert result.status != 0
        assert 'unknown field "podSubnt"' in result.stderr
        assert len(result.errors) == 1
        assert not guest.calls("kubeadm init")

    def test_an_api_server_that_does_not_answer_is_one_clear_error_with_its_last_words(self, guest: Guest) -> None:
        guest.run(INIT, WANTED[INIT])
        guest.answer("kubectl", 'echo "connection to 10.87.0.10:6443 was refused" >&2; exit 1')
        result = guest.run(INIT, WANTED[INIT])
        assert (result.status, result.stdout) == (1, "")
        assert len(result.errors) == 1
        assert "connection to 10.87.0.10:6443 was refused" in result.errors[0]


class TestPodNetwork:
    def test_the_manifest_is_applied_with_what_this_cluster_changes(self, guest: Guest) -> None:
        result = guest.run(NETWORK, WANTED[NETWORK])
        assert (result.status, result.stdout, result.errors) == (0, "", [])
        folder = guest.calls("kubectl apply")[0].split()[-1]
        assert guest.read(f"{folder}/manifest.yaml") == MANIFEST
        assert guest.read(f"{folder}/kustomization.yaml") == WANTED[NETWORK]["KUSTOMIZATION"]

    def test_a_second_run_fetches_and_changes_nothing(self, guest: Guest) -> None:
        guest.run(NETWORK, WANTED[NETWORK])
        before = guest.files()
        assert guest.run(NETWORK, WANTED[NETWORK]).status == 0
        assert guest.files() == before
        assert not guest.calls("curl")

    def test_a_manifest_with_another_checksum_is_refused_and_not_applied(self, guest: Guest) -> None:
        guest.web(MANIFEST_URL, MANIFEST + "# changed on the way\n")
        result = guest.run(NETWORK, WANTED[NETWORK])
        assert result.status == 1
        assert len(result.errors) == 1
        found = hashlib.sha256(f"{MANIFEST}# changed on the way\n".encode()).hexdigest()
        assert all(word in result.errors[0] for word in (MANIFEST_URL, found, "0" * 64))
        assert not guest.calls("kubectl")

    def test_a_refused_manifest_is_fetched_anew_by_the_next_run(self, guest: Guest) -> None:
        guest.web(MANIFEST_URL, "broken")
        guest.run(NETWORK, WANTED[NETWORK])
        guest.web(MANIFEST_URL, MANIFEST)
        assert guest.run(NETWORK, WANTED[NETWORK]).status == 0
        folder = guest.calls("kubectl apply")[0].split()[-1]
        assert guest.read(f"{folder}/manifest.yaml") == MANIFEST

    def test_a_manifest_of_another_version_takes_the_place_of_the_earlier(self, guest: Guest) -> None:
        guest.run(NETWORK, WANTED[NETWORK])
        newer = MANIFEST + "# a newer one\n"
        guest.web(f"{MANIFEST_URL}.newer", newer)
        checksum = hashlib.sha256(newer.encode()).hexdigest()
        changed = {**WANTED[NETWORK], "MANIFEST_URL": f"{MANIFEST_URL}.newer", "MANIFEST_SHA256": checksum}
        assert guest.run(NETWORK, changed).status == 0
        folder = guest.calls("kubectl apply")[0].split()[-1]
        assert guest.read(f"{folder}/manifest.yaml") == newer

    def test_a_manifest_that_cannot_be_fetched_is_one_clear_error(self, guest: Guest) -> None:
        result = guest.run(NETWORK, {**WANTED[NETWORK], "MANIFEST_URL": f"{MANIFEST_URL}.gone"})
        assert result.status == 1
        assert len(result.errors) == 1
        assert f"{MANIFEST_URL}.gone" in result.errors[0]
        assert "404" in result.stderr
        assert not guest.calls("kubectl")

    def test_a_refusal_of_the_api_server_is_one_clear_error(self, guest: Guest) -> None:
        guest.answer("kubectl", 'echo "the server has asked for the client to provide credentials" >&2; exit 1')
        result = guest.run(NETWORK, WANTED[NETWORK])
        assert result.status != 0
        assert "the server has asked for the client to provide credentials" in result.stderr
        assert len(result.errors) == 1


class TestMint:
    def test_a_token_and_the_hash_of_the_authoritys_key_are_the_whole_result(self, guest: Guest) -> None:
        result = guest.run(MINT, WANTED[MINT])
        key = authority().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        assert (result.status, result.stderr) == (0, "")
        assert result.stdout.split() == ["abcde0.0123456789abcdef", f"sha256:{hashlib.sha256(key).hexdigest()}"]

    def test_the_token_lives_15_minutes(self, guest: Guest) -> None:
        guest.run(MINT, WANTED[MINT])
        assert "--ttl 15m" in guest.calls("kubeadm token create")[0]

    def test_a_second_run_changes_nothing_but_adds_a_fresh_token(self, guest: Guest) -> None:
        first = guest.run(MINT, WANTED[MINT])
        before = guest.files()
        second = guest.run(MINT, WANTED[MINT])
        assert first.stdout.split()[0] != second.stdout.split()[0]
        assert [path for path in guest.files() if path not in before] == ["/var/lib/guest/facts/tokens/abcde1"]
        assert {path: guest.files()[path] for path in before} == before

    def test_a_token_that_cannot_be_minted_is_one_clear_error(self, guest: Guest) -> None:
        guest.answer("kubeadm", 'echo "timed out waiting for the condition" >&2; exit 1')
        result = guest.run(MINT, WANTED[MINT])
        assert result.status != 0
        assert result.stdout == ""
        assert "timed out waiting for the condition" in result.stderr
        assert len(result.errors) == 1
