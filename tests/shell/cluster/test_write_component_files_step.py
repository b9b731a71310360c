"""35-write-component-files.sh: files of the control plane's components, and the key of Secrets."""

import base64
from dataclasses import replace

import pytest
import yaml
from pydantic import SecretStr

from components.steps.cluster import write_component_files
from config import ClusterConfig, DeclaredFile
from tests.shell import steps
from tests.shell.cluster import control_plane
from tests.shell.guest.machine import Guest, Result, assert_one_error
from tests.shell.steps import AUDIT_POLICY, AUDITED_CLUSTER, WRITE_COMPONENT_FILES
from tests.shell.world import CLUSTER
from tests.unit.components import labs

POLICY = AUDIT_POLICY.path
KEY = "/etc/kubernetes/kube-apiserver/secrets-encryption.yaml"
SCHEDULING = DeclaredFile("/etc/kubernetes/kube-scheduler/config.yaml", SecretStr("kind: X\n"), "0600", secret=True)
PLAIN = replace(CLUSTER, control_plane_files=(AUDIT_POLICY,))


def write(guest: Guest, cluster: ClusterConfig = AUDITED_CLUSTER) -> Result:
    """Run the step for a cluster."""
    environment = write_component_files.environment(labs.CONTROL_PLANE, cluster)
    return guest.run(WRITE_COMPONENT_FILES.file, environment)


def with_policy(text: str, cluster: ClusterConfig = AUDITED_CLUSTER) -> ClusterConfig:
    """The cluster with another policy."""
    return replace(cluster, control_plane_files=(replace(AUDIT_POLICY, text=SecretStr(text)),))


def started(guest: Guest) -> list[str]:
    """The components that the last run started anew, by another pod."""
    calls = guest.calls("kubectl annotate --local --filename /etc/kubernetes/manifests/")
    return [call.split()[4].rpartition("/")[2].removesuffix(".yaml") for call in calls]


@pytest.fixture
def machine(guest: Guest) -> Guest:
    """A machine with a runtime, before any init."""
    WRITE_COMPONENT_FILES.prepare(guest)
    return guest


@pytest.fixture
def running(machine: Guest) -> Guest:
    """A control plane whose API server reads its files."""
    assert write(machine).status == 0
    assert control_plane.init(machine, AUDITED_CLUSTER).status == 0
    return machine


@pytest.mark.case("D17")
def test_files_are_there_before_init_and_for_root_alone(machine: Guest) -> None:
    result = write(machine)
    assert (result.status, result.stdout) == (0, ""), result.stderr
    assert machine.read(POLICY) == AUDIT_POLICY.text.get_secret_value()
    assert (machine.mode(POLICY), machine.mode(KEY)) == (0o600, 0o600)
    assert machine.mode("/etc/kubernetes/kube-apiserver") == 0o700
    assert started(machine) == []


@pytest.mark.case("D17")
def test_the_key_of_secrets_is_made_once_and_said_nowhere(machine: Guest) -> None:
    result = write(machine)
    (resources,) = yaml.safe_load(machine.read(KEY))["resources"]
    assert resources["resources"] == ["secrets"]
    key = resources["providers"][0]["secretbox"]["keys"][0]["secret"]
    assert len(base64.b64decode(key)) == 32
    assert key not in result.stderr + result.stdout + machine.read("/local/calls")
    write(machine)
    assert key in machine.read(KEY)


def test_without_encryption_there_is_no_key(machine: Guest) -> None:
    assert write(machine, PLAIN).status == 0
    assert not machine.exists(KEY)


def test_a_second_run_changes_nothing(running: Guest) -> None:
    before = running.files()
    assert write(running).status == 0
    assert running.files() == before
    assert started(running) == []


def test_a_changed_file_starts_the_component_that_reads_it(running: Guest) -> None:
    result = write(running, with_policy("kind: Policy\nrules: [{level: Metadata}]\n"))
    assert result.status == 0, result.stderr
    assert started(running) == ["kube-apiserver"]
    assert "level: Metadata" in running.read(POLICY)
    assert "level: Metadata" not in result.stderr


def test_a_file_that_no_component_reads_yet_starts_none(running: Guest) -> None:
    both = replace(AUDITED_CLUSTER, control_plane_files=(AUDIT_POLICY, SCHEDULING))
    assert write(running, both).status == 0
    assert running.exists(SCHEDULING.path)
    assert started(running) == []


def test_a_run_that_was_stopped_before_the_start_is_made_good(running: Guest) -> None:
    running.answer("kubectl", "[[ $1 != annotate ]] || kill -KILL -1")
    assert write(running, with_policy("kind: Policy\nrules: [1]\n")).status != 0
    running.as_usual("kubectl")
    assert write(running, with_policy("kind: Policy\nrules: [1]\n")).status == 0
    assert started(running) == ["kube-apiserver"]


@pytest.mark.case("D17")
def test_a_file_that_a_component_refuses_is_one_error_with_its_last_words_and_put_back(running: Guest) -> None:
    running.state("logs/kube-apiserver", "strict decoding error: unknown field")
    running.answer("kubectl", f'[[ $1 == annotate ]] || ! grep -q wrong {POLICY} || {{ echo "refused" >&2; exit 1; }}')
    result = write(running, with_policy("wrong\n"))
    assert_one_error(result, "waiting 180 s for kube-apiserver on cp1", "strict decoding error")
    assert running.read(POLICY) == AUDIT_POLICY.text.get_secret_value()
    assert started(running) == ["kube-apiserver"] * 2


@pytest.mark.case("D17")
def test_a_component_that_ends_again_and_again_is_not_waited_for(running: Guest) -> None:
    container = '  "metadata": {\n   "attempt": 3\n  },\n  "createdAt": "4000000000000000000"\n'
    running.answer("crictl", f"[[ $* != *' --output json' ]] || {{ printf '%s' '{container}'; exit 0; }}")
    running.answer("kubectl", "[[ $* != *' get pod '* ]] || { echo 'connection refused' >&2; exit 1; }")
    result = write(running, with_policy("kind: NoPolicy\n"))
    assert_one_error(result, "kube-apiserver on cp1", "it ended three times", "connection refused")


def test_a_key_that_was_lost_is_never_made_anew_under_a_running_cluster(running: Guest) -> None:
    running.remove(KEY)
    assert_one_error(write(running), "looking for the key of Secrets on cp1", KEY, "restore that file")
    assert not running.exists(KEY)


class TestInit:
    """40-init-control-plane.sh, which the files are for."""

    @pytest.mark.case("D17")
    def test_a_file_that_is_no_longer_declared_goes_once_nothing_reads_it(self, machine: Guest) -> None:
        write(machine, PLAIN)
        control_plane.init(machine, PLAIN)
        assert machine.exists(POLICY)
        result = control_plane.init(machine, CLUSTER)
        assert result.status == 0, result.stderr
        assert not machine.exists(POLICY)

    @pytest.mark.case("D17")
    def test_encryption_is_not_switched_off_as_secrets_would_be_lost(self, running: Guest) -> None:
        result = control_plane.init(running, PLAIN)
        assert_one_error(result, "found Secrets encrypted with the key in", "secretsEncryption: true again")
        assert running.exists(KEY)
        assert KEY in running.read(control_plane.API_SERVER)

    @pytest.mark.case("D17")
    def test_a_failed_init_shows_what_the_api_server_said_last(self, machine: Guest) -> None:
        machine.state("logs/kube-apiserver", "error: loading audit policy: no such file")
        fails = f"mkdir -p /etc/kubernetes/manifests; touch {control_plane.API_SERVER}; echo timeout >&2; exit 1"
        machine.answer("kubeadm", f"[[ $1 != init ]] || {{ {fails}; }}")
        result = machine.run(steps.INIT.file, steps.INIT.environment)
        assert_one_error(result, "the last words of kube-apiserver: error: loading audit policy: no such file")
