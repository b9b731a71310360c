"""20-install-containerd.sh, -crio.sh and -docker.sh: a runtime, proven before a kubelet is there."""

import json
import re

import pytest

from components.runtimes import RUNTIMES, containerd
from components.step import read_step
from tests.shell.guest.machine import KILLED, Guest
from tests.shell.node.installations import EACH, assert_one_error, install, refuse
from tests.shell.step import Step
from tests.shell.steps import INSTALL_RUNTIME
from tests.shell.world import MIRROR, RELEASE, WORDS, socket_of

PACKAGES = {
    "containerd": {"containerd.io": "2.3.4-1"},
    "crio": {"cri-o": f"{RUNTIMES['crio'].versions[0]}-1"},
    "docker": {"docker-ce": "5:28.3.3-11", "docker-ce-cli": "5:28.3.3-11", "containerd.io": "2.3.4-1"},
}
UNITS = {"containerd": ("containerd",), "crio": ("crio",), "docker": ("docker", "cri-docker")}
OTHER = {"containerd": "docker", "docker": "crio", "crio": "containerd"}
CONFIGURATION = {
    "containerd": "/etc/containerd/config.toml",
    "crio": "/etc/crio/crio.conf.d/20-kubelab.conf",
    "docker": "/etc/docker/daemon.json",
}
pytestmark = pytest.mark.usefixtures("downloads")


def files_of(step: Step) -> list[str]:
    return re.findall(r"^=== \d+ \d+ (.+)$", step.environment["FILES"], re.MULTILINE)


@EACH
class TestEveryRuntime:
    def test_it_is_installed_held_configured_and_kept_over_a_reboot(self, guest: Guest, word: str) -> None:
        result = install(guest, word)
        assert (result.status, result.stdout, result.errors) == (0, "", [])
        for package, version in {**PACKAGES[word], "cri-tools": f"{RELEASE.minor}.1"}.items():
            assert guest.known(f"packages/{package}") == version
            assert guest.known(f"held/{package}") == "held"
        for unit in UNITS[word]:
            assert guest.known(f"units/{unit}/enabled") == "enabled"
            assert guest.known(f"units/{unit}/active") == "active"
        assert all(guest.exists(path) for path in files_of(INSTALL_RUNTIME[word]))
        assert guest.read("/etc/kubelab/runtime") == f"{word}\n"

    def test_a_second_run_changes_nothing(self, guest: Guest, word: str) -> None:
        install(guest, word)
        # What ends the proof: from the join on, the machine's pods are the kubelet's.
        guest.write("/etc/kubernetes/kubelet.conf", "")
        before = guest.files()
        result = install(guest, word)
        assert (result.status, result.stderr) == (0, "")
        assert guest.files() == before
        assert not [call for call in guest.calls() if call.startswith(("apt-get", "curl", "systemctl restart"))]
        assert not guest.calls("crictl runp")

    def test_it_is_proven_by_a_pod_that_is_removed_again(self, guest: Guest, word: str) -> None:
        """Pitfall: install and test the runtime first, the kubelet after it."""
        install(guest, word)
        commands = [call.split()[1] for call in guest.calls("crictl")]
        done = [name for name in commands if name in ("runp", "create", "start", "exec", "rmp")]
        assert done == ["runp", "create", "start", "exec", "rmp"]
        assert not guest.exists(f"/var/lib/guest/facts/pods.{UNITS[word][-1]}/0123456789ab")

    def test_the_proof_is_made_of_documents_that_crictl_takes(self, guest: Guest, word: str) -> None:
        """Pitfall: `crictl create` "doesn't work for some reason": a file, a key or a slice is missing."""
        install(guest, word)
        pod, container = (json.loads(guest.read(f"/local/{name}.json")) for name in ("pod", "container"))
        assert pod["log_directory"]
        assert pod["linux"]["cgroup_parent"].endswith(".slice")
        assert container["metadata"]["name"]
        assert container["image"]["image"] == RELEASE.agnhost_image
        assert "linux" in container
        calls = guest.calls("crictl")
        pulled, created = (next(i for i, call in enumerate(calls) if verb in call) for verb in ("agnhost", "create"))
        assert pulled < created

    def test_a_proof_that_was_killed_is_cleared_by_the_next_run(self, guest: Guest, word: str) -> None:
        guest.answer("crictl", f"[[ $1 != exec ]] || {{ {KILLED}; }}")
        install(guest, word)
        assert guest.exists(f"/var/lib/guest/facts/pods.{UNITS[word][-1]}/0123456789ab")
        guest.as_usual("crictl")
        assert install(guest, word).status == 0
        assert [call.split()[1] for call in guest.calls("crictl") if call.split()[1] in ("rmp", "runp")] == [
            *("rmp", "runp", "rmp"),
        ]

    def test_a_changed_configuration_restarts_it_once(self, guest: Guest, word: str) -> None:
        install(guest, word)
        changed = INSTALL_RUNTIME[word].environment["FILES"] + "=== 0644 1 /etc/kubelab/other\nother\n"
        assert install(guest, word, FILES=changed).status == 0
        assert guest.calls("systemctl restart") == [f"systemctl restart {unit}" for unit in UNITS[word]]
        install(guest, word, FILES=changed)
        assert guest.calls("systemctl restart") == []

    def test_a_run_that_was_killed_before_the_restart_is_made_good_by_the_next(self, guest: Guest, word: str) -> None:
        install(guest, word)
        changed = INSTALL_RUNTIME[word].environment["FILES"] + "=== 0644 1 /etc/kubelab/other\nother\n"
        guest.answer("systemctl", f"[[ $1 != restart ]] || {{ {KILLED}; }}")
        install(guest, word, FILES=changed)
        guest.as_usual("systemctl")
        assert install(guest, word, FILES=changed).status == 0
        assert guest.calls("systemctl restart") == [f"systemctl restart {unit}" for unit in UNITS[word]]

    def test_a_change_that_was_killed_and_is_taken_back_is_undone_by_the_next_run(
        self, guest: Guest, word: str
    ) -> None:
        install(guest, word)
        changed = INSTALL_RUNTIME[word].environment["FILES"] + "=== 0644 1 /etc/kubelab/other\nother\n"
        guest.answer("systemctl", f"[[ $1 != restart ]] || {{ {KILLED}; }}")
        install(guest, word, FILES=changed)
        guest.as_usual("systemctl")
        assert install(guest, word).status == 0
        assert guest.calls("systemctl restart") == [f"systemctl restart {unit}" for unit in UNITS[word]]

    def test_a_machine_that_has_another_runtime_is_refused_and_nothing_is_done(self, guest: Guest, word: str) -> None:
        guest.write("/etc/kubelab/runtime", f"{OTHER[word]}\n")
        before = guest.files()
        result = install(guest, word)
        assert_one_error(result)
        wanted = (word, f"found {OTHER[word]}", "revert", "pulumi up --replace")
        assert all(shown in result.errors[0] for shown in wanted)
        assert guest.files() == before
        assert guest.calls() == []

    def test_another_runtime_that_answers_is_named_with_its_socket(self, guest: Guest, word: str) -> None:
        """Pitfall: runtimes are sought by `dpkg -l | grep` and `ps | grep`, which misses crio and static installs."""
        other = OTHER[word]
        guest.socket(socket_of(other))
        guest.answer("crictl", f'[[ $* != *"{RUNTIMES[other].cri_socket}"* ]] || {{ echo "RuntimeName: x"; exit 0; }}')
        result = install(guest, word)
        assert_one_error(result)
        assert all(shown in result.errors[0] for shown in (word, "RuntimeName: x", socket_of(other)))

    def test_a_socket_at_which_nothing_answers_is_no_second_runtime(self, guest: Guest, word: str) -> None:
        guest.socket(socket_of(OTHER[word]))
        assert install(guest, word).status == 0

    def test_another_cgroup_driver_is_one_clear_error(self, guest: Guest, word: str) -> None:
        """Pitfall: `curl --unix-socket ... /info` was how to learn CRI-O's cgroup driver."""
        guest.answer("crictl", "[[ $1 != runtime-config ]] || { echo 'cgroup driver: CGROUPFS'; exit 0; }")
        result = install(guest, word)
        assert_one_error(result, word, "found cgroup driver: CGROUPFS, wanted cgroup driver SYSTEMD")

    def test_a_long_answer_is_read_to_its_end(self, guest: Guest, word: str) -> None:
        guest.answer("crictl", "[[ $1 != runtime-config ]] || { echo 'cgroup driver: SYSTEMD'; seq 100000; exit; }")
        assert install(guest, word).status == 0

    def test_a_container_outside_of_its_slice_is_one_clear_error(self, guest: Guest, word: str) -> None:
        """Pitfall: the cgroup driver that is configured may not be the one that containers are started with."""
        guest.answer("crictl", "[[ $1 != start ]] || { echo 0::/kubelab-proof/0123 >/kernel/1/cgroup; exit 0; }")
        result = install(guest, word)
        assert_one_error(result, word, "found 0::/kubelab-proof/0123", "inside kubelab-proof.slice")

    def test_a_pod_network_that_is_there_already_is_one_clear_error(self, guest: Guest, word: str) -> None:
        """Pitfall: CRI-O's own bridge gave the first pod 10.88.0.5; a leftover would shadow the cluster's network."""
        guest.write("/etc/cni/net.d/87-podman-bridge.conflist", "{}\n")
        guest.write("/etc/cni/net.d/10-crio-bridge.conflist.disabled", "{}\n")
        result = install(guest, word)
        assert_one_error(result, "found /etc/cni/net.d/87-podman-bridge.conflist, wanted none", "pulumi up")
        assert "disabled" not in result.errors[0]
        assert not guest.calls("crictl runp")

    def test_a_member_keeps_the_clusters_pod_network(self, guest: Guest, word: str) -> None:
        install(guest, word)
        guest.write("/etc/kubernetes/kubelet.conf", "")
        guest.write("/etc/cni/net.d/10-flannel.conflist", "{}\n")
        assert install(guest, word).status == 0

    def test_a_runtime_that_does_not_answer_is_one_clear_error_with_its_last_words(
        self, guest: Guest, word: str
    ) -> None:
        refuse(guest, "crictl", "[[ $1 == version ]]", "connection refused")
        result = install(guest, word)
        assert_one_error(result)
        assert all(shown in result.errors[0] for shown in (word, RUNTIMES[word].cri_socket, "connection refused"))

    def test_a_service_that_does_not_start_is_one_clear_error(self, guest: Guest, word: str) -> None:
        refuse(guest, "systemctl", "[[ $1 == restart ]]", "Job failed")
        assert_one_error(install(guest, word), f"starting {UNITS[word][0]} on w1", "Job failed", "journalctl -u")

    @pytest.mark.parametrize("command", ["runp", "create", "start", "exec"])
    def test_a_pod_that_does_not_run_is_one_clear_error_with_its_reason(
        self, guest: Guest, word: str, command: str
    ) -> None:
        refuse(guest, "crictl", f"[[ $1 == {command} ]]", "reason: no such image")
        assert_one_error(install(guest, word), f"by {word} alone on w1", "reason: no such image", "journalctl -u")

    def test_a_command_in_a_container_that_says_nothing_is_one_clear_error(self, guest: Guest, word: str) -> None:
        guest.answer("crictl", "[[ $1 != exec ]] || exit 0")
        assert_one_error(install(guest, word), word, "found no output")

    def test_a_package_that_cannot_be_installed_is_one_clear_error(self, guest: Guest, word: str) -> None:
        guest.answer("apt-get", "echo \"E: Version '1.36.3-*' was not found\" >&2; exit 100")
        result = install(guest, word)
        assert result.status == 1
        assert len(result.errors) == 1
        assert "E: Version '1.36.3-*' was not found" in result.stderr


def test_containerd_serves_the_kubelet_though_its_package_turns_that_off(guest: Guest) -> None:
    """Pitfall: "containerd inside Docker can't be used for k8s": its package's file has disabled_plugins = ["cri"]."""
    guest.write("/etc/containerd/config.toml", 'disabled_plugins = ["cri"]\n')
    install(guest, "containerd")
    assert guest.read("/etc/containerd/config.toml") == containerd.render_config(RELEASE.pause_image)
    assert "disabled_plugins" not in guest.read("/etc/containerd/config.toml")
    assert f"{MIRROR}/v2/registry.k8s.io" in guest.read("/etc/containerd/certs.d/registry.k8s.io/hosts.toml")


def test_a_key_that_containerd_does_not_know_is_one_clear_error(guest: Guest) -> None:
    guest.state("journal", 'level=warning msg="Ignoring unknown key in TOML" key="SystemdCgruop"')
    assert_one_error(install(guest, "containerd"), "SystemdCgruop", "/etc/containerd/config.toml")


def test_a_step_runs_the_runtimes_own_script_and_what_all_have_in_common() -> None:
    texts = {word: read_step(step.file) for word, step in INSTALL_RUNTIME.items()}
    for word, text in texts.items():
        assert "prove_runtime" in text
        assert not [other for other in WORDS if other != word and f'install_held_packages "{other}' in text]
