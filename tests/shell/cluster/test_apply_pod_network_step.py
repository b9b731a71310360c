"""45-apply-pod-network.sh: upstream's manifest, with what this cluster changes."""

import hashlib

import pytest

from tests.shell.guest.machine import Guest
from tests.shell.steps import APPLY_POD_NETWORK, MANIFEST_URL
from tests.shell.world import MANIFEST

STEP, WANTED = APPLY_POD_NETWORK.file, APPLY_POD_NETWORK.environment


@pytest.fixture(autouse=True)
def mirror(guest: Guest) -> None:
    APPLY_POD_NETWORK.prepare(guest)


def test_the_manifest_is_applied_with_what_this_cluster_changes(guest: Guest) -> None:
    result = guest.run(STEP, WANTED)
    assert (result.status, result.stdout, result.errors) == (0, "", [])
    folder = guest.calls("kubectl apply")[0].split()[-1]
    assert guest.read(f"{folder}/manifest.yaml") == MANIFEST
    assert guest.read(f"{folder}/kustomization.yaml") == WANTED["KUSTOMIZATION"]


def test_a_second_run_fetches_and_changes_nothing(guest: Guest) -> None:
    guest.run(STEP, WANTED)
    before = guest.files()
    assert guest.run(STEP, WANTED).status == 0
    assert guest.files() == before
    assert not guest.calls("curl")


def test_a_manifest_with_another_checksum_is_refused_and_not_applied(guest: Guest) -> None:
    guest.web(MANIFEST_URL, MANIFEST + "# changed on the way\n")
    result = guest.run(STEP, WANTED)
    assert result.status == 1
    assert len(result.errors) == 1
    found = hashlib.sha256(f"{MANIFEST}# changed on the way\n".encode()).hexdigest()
    assert all(word in result.errors[0] for word in (MANIFEST_URL, found, "0" * 64))
    assert not guest.calls("kubectl")


def test_a_refused_manifest_is_fetched_anew_by_the_next_run(guest: Guest) -> None:
    guest.web(MANIFEST_URL, "broken")
    guest.run(STEP, WANTED)
    guest.web(MANIFEST_URL, MANIFEST)
    assert guest.run(STEP, WANTED).status == 0
    folder = guest.calls("kubectl apply")[0].split()[-1]
    assert guest.read(f"{folder}/manifest.yaml") == MANIFEST


def test_a_manifest_of_another_version_takes_the_place_of_the_earlier(guest: Guest) -> None:
    guest.run(STEP, WANTED)
    newer = MANIFEST + "# a newer one\n"
    guest.web(f"{MANIFEST_URL}.newer", newer)
    checksum = hashlib.sha256(newer.encode()).hexdigest()
    changed = {**WANTED, "MANIFEST_URL": f"{MANIFEST_URL}.newer", "MANIFEST_SHA256": checksum}
    assert guest.run(STEP, changed).status == 0
    folder = guest.calls("kubectl apply")[0].split()[-1]
    assert guest.read(f"{folder}/manifest.yaml") == newer


def test_a_manifest_that_cannot_be_fetched_is_one_clear_error(guest: Guest) -> None:
    result = guest.run(STEP, {**WANTED, "MANIFEST_URL": f"{MANIFEST_URL}.gone"})
    assert result.status == 1
    assert len(result.errors) == 1
    assert f"{MANIFEST_URL}.gone" in result.errors[0]
    assert "404" in result.stderr
    assert not guest.calls("kubectl")


def test_a_refusal_of_the_api_server_is_one_clear_error(guest: Guest) -> None:
    guest.answer("kubectl", 'echo "the server has asked for the client to provide credentials" >&2; exit 1')
    result = guest.run(STEP, WANTED)
    assert result.status != 0
    assert "the server has asked for the client to provide credentials" in result.stderr
    assert len(result.errors) == 1


@pytest.mark.case("C2")
class TestChanges:
    """Another backend, port or MTU on a running cluster."""

    def test_what_was_changed_is_waited_for(self, guest: Guest) -> None:
        guest.answer(
            "kubectl", "[[ $* != *'apply --kustomize'* ]] || { echo daemonset.apps/network configured; exit; }"
        )
        assert guest.run(STEP, WANTED).status == 0
        assert guest.calls("--namespace kube-network rollout status daemonset/network")

    def test_what_is_new_or_unchanged_is_not(self, guest: Guest) -> None:
        guest.answer("kubectl", "[[ $* != *'apply --kustomize'* ]] || { echo daemonset.apps/network created; exit; }")
        assert guest.run(STEP, WANTED).status == 0
        assert not guest.calls("rollout")

    def test_one_that_does_not_come_up_is_one_clear_error_with_its_last_words(self, guest: Guest) -> None:
        guest.answer(
            "kubectl",
            "[[ $* != *'apply --kustomize'* ]] || { echo daemonset.apps/network configured; exit; };"
            "[[ $* != *rollout* ]] || exit 1; [[ $* != *logs* ]] || { echo no such port; exit; }",
        )
        result = guest.run(STEP, WANTED)
        assert result.status == 1
        (error,) = result.errors
        assert error.endswith("DaemonSet network of the changed pod network: the last line of its log is no such port")
