"""20-install-containerd.sh, -crio.sh and -docker.sh: a runtime, proven before a kubelet is there."""

import hashlib
import json
import re

import pytest

from components import registries
from components.guest_file import render_files
from components.runtime import RuntimeSettings
from components.runtimes import RUNTIMES, containerd
from components.step import read_step
from tests.shell.guest import KILLED, Guest, Result
from tests.shell.steps import (
    INSTALL_RUNTIME,
    MIRROR,
    REGISTRY,
    RELEASE,
    WORDS,
    Step,
    cri_dockerd_archive,
    socket_of,
)
from tests.unit.components import labs

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
EACH = pytest.mark.parametrize("word", WORDS)
DOCKER = INSTALL_RUNTIME["docker"]


@pytest.fixture(autouse=True)
def world(guest: Guest) -> None:
    for step in INSTALL_RUNTIME.values():
        step.prepare(guest)


def install(guest: Guest, word: str, **changed: str) -> Result:
    step = INSTALL_RUNTIME[word].given(**changed)
    return guest.run(step.file, step.environment)


def refuse(guest: Guest, command: str, condition: str, reason: str) -> None:
    """Let those calls of a command fail for which a condition holds."""
    guest.answer(command, f"if {condition}; then echo '{reason}' >&2; exit 1; fi")


def assert_one_error(result: Result, *shown: str) -> None:
    assert (result.status, result.stdout) == (1, "")
    assert len(result.errors) == 1
    assert "w1" in result.errors[0]
    assert all(word in result.stderr for word in shown), result.stderr


def files_of(step: Step) -> list[str]:
    return re.findall(r"^=== \d+ (.+)$", step.environment["FILES"], re.MULTILINE)


@EACH
class TestEveryRuntime:
    def test_it_is_installed_held_configured_and_kept_over_a_reboot(self, guest: Guest, word: str) -> None:
        result = install(guest, word)
        assert (result.status, result.stdout, result.errors) == (0, "", [])
        for package, version in {**PACKAGES[word], "cri-tools": "1.36.0-1"}.items():
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
        changed = INSTALL_RUNTIME[word].environment["FILES"] + "=== 0644 /etc/kubelab/other\nother\n"
        assert install(guest, word, FILES=changed).status == 0
        assert guest.calls("systemctl restart") == [f"systemctl restart {unit}" for unit in UNITS[word]]
        install(guest, word, FILES=changed)
        assert guest.calls("systemctl restart") == []

    def test_a_run_that_was_killed_before_the_restart_is_made_good_by_the_next(self, guest: Guest, word: str) -> None:
        install(guest, word)
        changed = INSTALL_RUNTIME[word].environment["FILES"] + "=== 0644 /etc/kubelab/other\nother\n"
        guest.answer("systemctl", f"[[ $1 != restart ]] || {{ {KILLED}; }}")
        install(guest, word, FILES=changed)
        guest.as_usual("systemctl")
        assert install(guest, word, FILES=changed).status == 0
        assert guest.calls("systemctl restart") == [f"systemctl restart {unit}" for unit in UNITS[word]]

    def test_a_change_that_was_killed_and_is_taken_back_is_undone_by_the_next_run(
        self, guest: Guest, word: str
    ) -> None:
        install(guest, word)
        changed = INSTALL_RUNTIME[word].environment["FILES"] + "=== 0644 /etc/kubelab/other\nother\n"
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

    def test_every_image_of_the_node_is_pulled_before_a_kubelet_needs_it(self, guest: Guest, word: str) -> None:
        """Pitfall: init "hangs" silently while it pulls."""
        install(guest, word)
        wanted = INSTALL_RUNTIME[word].environment["IMAGES"].split()
        assert {guest.known(f"images/{image.replace('/', '_')}") for image in wanted} == {"pulled"}

    def test_images_have_the_registry_in_their_names(self, guest: Guest, word: str) -> None:
        """Pitfall: CRI-O with "no registries configured while trying to pull an unqualified image"."""
        install(guest, word)
        pulled = [call.split()[-1] for call in guest.calls(" pull ")]
        assert pulled
        assert all("." in image.split("/")[0] for image in pulled)

    def test_only_images_that_are_missing_are_pulled(self, guest: Guest, word: str) -> None:
        missing, *there = INSTALL_RUNTIME[word].environment["IMAGES"].split()
        for image in there:
            guest.state(f"images/{image.replace('/', '_')}", "pulled")
        install(guest, word)
        (call,) = guest.calls(" pull ")
        assert call.endswith(missing.partition("/")[2])

    def test_an_image_that_cannot_be_pulled_is_named_with_the_reason(self, guest: Guest, word: str) -> None:
        for command in ("crictl", "docker"):
            refuse(guest, command, '[[ "$*" == *pull*kube-proxy* ]]', "reason: 404 not found")
        result = install(guest, word)
        assert_one_error(result, "reason: 404 not found")
        assert f"registry.k8s.io/kube-proxy:v{RELEASE.version}" in result.errors[0]

    def test_credentials_of_a_registry_are_readable_by_root_alone_and_never_shown(
        self, guest: Guest, word: str
    ) -> None:
        settings = RuntimeSettings(RELEASE.pause_image, (labs.GUARDED_MIRROR,), 1000, 1)
        secret = registries.basic_authorization(labs.GUARDED_MIRROR)
        assert secret
        result = install(guest, word, FILES=render_files(RUNTIMES[word].files(settings)))
        assert result.status == 0
        holding = [file for file in guest.files().values() if secret in file.text]
        assert holding
        assert {file.mode for file in holding} == {0o600}
        assert not [text for text in (result.stderr, *guest.calls()) if secret in text]

    def test_no_file_of_a_package_is_written(self, guest: Guest, word: str) -> None:
        """Pitfall: settings put into files of a package vanish when it is reinstalled."""
        install(guest, word)
        owned = ("/etc/default/", "10-kubeadm.conf", "kubeadm-flags.env", "/etc/crio/crio.conf\n", "10-crio.conf")
        assert not [path for path in guest.files() for name in owned if name in f"{path}\n"]


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


class TestDocker:
    def test_cri_dockerd_is_installed_from_the_archive_with_a_known_checksum(self, guest: Guest) -> None:
        install(guest, "docker")
        assert guest.read("/usr/local/bin/cri-dockerd") == "#!/bin/sh\n"
        assert guest.mode("/usr/local/bin/cri-dockerd") == 0o755

    def test_an_archive_with_another_checksum_is_refused_and_not_installed(self, guest: Guest) -> None:
        changed = cri_dockerd_archive("#!/bin/sh\n# changed on the way\n")
        guest.web(DOCKER.environment["CRI_DOCKERD_URL"], changed)
        result = install(guest, "docker")
        assert_one_error(result, DOCKER.environment["CRI_DOCKERD_URL"], DOCKER.environment["CRI_DOCKERD_SHA256"])
        assert hashlib.sha256(changed).hexdigest() in result.errors[0]
        assert not guest.exists("/usr/local/bin/cri-dockerd")

    def test_an_archive_that_cannot_be_fetched_is_one_clear_error(self, guest: Guest) -> None:
        result = install(guest, "docker", CRI_DOCKERD_URL=f"{MIRROR}/files/gone.tgz")
        assert_one_error(result, f"{MIRROR}/files/gone.tgz", "404")

    def test_another_version_takes_the_place_of_the_earlier_and_is_started(self, guest: Guest) -> None:
        install(guest, "docker")
        newer = cri_dockerd_archive("#!/bin/sh\n# newer\n")
        guest.web(f"{MIRROR}/files/newer.tgz", newer)
        changed = {
            "CRI_DOCKERD_VERSION": "9.9.9",
            "CRI_DOCKERD_URL": f"{MIRROR}/files/newer.tgz",
            "CRI_DOCKERD_SHA256": hashlib.sha256(newer).hexdigest(),
        }
        assert install(guest, "docker", **changed).status == 0
        assert "# newer" in guest.read("/usr/local/bin/cri-dockerd")
        assert "systemctl restart cri-docker" in guest.calls()
        install(guest, "docker", **changed)
        assert not guest.calls("curl")

    def test_a_version_that_was_unpacked_by_a_killed_run_is_started_by_the_next(self, guest: Guest) -> None:
        install(guest, "docker")
        newer = cri_dockerd_archive("#!/bin/sh\n# newer\n")
        guest.web(DOCKER.environment["CRI_DOCKERD_URL"], newer)
        checksum = hashlib.sha256(newer).hexdigest()
        guest.answer("systemctl", f"[[ $1 != daemon-reload ]] || {{ {KILLED}; }}")
        install(guest, "docker", CRI_DOCKERD_SHA256=checksum)
        guest.as_usual("systemctl")
        assert install(guest, "docker", CRI_DOCKERD_SHA256=checksum).status == 0
        assert "systemctl restart cri-docker" in guest.calls()

    def test_a_version_that_a_killed_run_unpacked_and_is_taken_back_is_gone(self, guest: Guest) -> None:
        install(guest, "docker")
        newer = cri_dockerd_archive("#!/bin/sh\n# newer\n")
        guest.web(f"{MIRROR}/files/newer.tgz", newer)
        guest.write("/local/sbin/tar", f'#!/bin/bash\n/usr/bin/tar "$@"\n{KILLED}\n', mode=0o755)
        checksum = hashlib.sha256(newer).hexdigest()
        changed = {"CRI_DOCKERD_VERSION": "9.9.9", "CRI_DOCKERD_URL": f"{MIRROR}/files/newer.tgz"}
        install(guest, "docker", CRI_DOCKERD_SHA256=checksum, **changed)
        assert "# newer" in guest.read("/usr/local/bin/cri-dockerd")
        guest.remove("/local/sbin/tar")
        assert install(guest, "docker").status == 0
        assert guest.read("/usr/local/bin/cri-dockerd") == "#!/bin/sh\n"
        assert "systemctl restart cri-docker" in guest.calls()

    def test_its_unit_is_read_before_it_is_started(self, guest: Guest) -> None:
        install(guest, "docker")
        calls = guest.calls("systemctl")
        assert calls.index("systemctl daemon-reload") < calls.index("systemctl restart cri-docker")

    def test_a_client_of_another_version_is_one_clear_error(self, guest: Guest) -> None:
        """Pitfall: docker-ce 19.03.3-beta with docker-ce-cli 19.03.2, of the test channel."""
        guest.answer("docker", "[[ $1 != version ]] || { echo '19.03.3-beta 19.03.2'; exit 0; }")
        assert_one_error(install(guest, "docker"), "found 19.03.3-beta 19.03.2, wanted one version", "type -a docker")

    def test_a_daemon_that_does_not_answer_its_client_is_one_clear_error(self, guest: Guest) -> None:
        refuse(guest, "docker", "[[ $1 == version ]]", "Cannot connect to the Docker daemon")
        assert_one_error(install(guest, "docker"), "Cannot connect to the Docker daemon", "journalctl -u docker")

    def test_images_of_a_mirrored_registry_are_renamed_once_they_are_pulled(self, guest: Guest) -> None:
        install(guest, "docker")
        source = f"{registries.location(REGISTRY)}/pause:3.10.2"
        assert guest.calls(f"docker --config /etc/kubelab/registries/.docker pull --quiet {source}")
        assert guest.known("images/registry.k8s.io_pause:3.10.2") == "pulled"
        assert guest.known(f"images/{source.replace('/', '_')}") is None

    def test_images_of_other_registries_are_pulled_by_their_names(self, guest: Guest) -> None:
        install(guest, "docker")
        pulled = [call for call in guest.calls(" pull ") if "flannel" in call]
        assert pulled
        assert all(call.startswith("crictl pull ghcr.io/flannel-io/") for call in pulled)

    def test_the_logs_of_containers_have_a_limit(self, guest: Guest) -> None:
        """Pitfall: the disc was full, and logs in /var/lib/docker/containers were removed by hand."""
        install(guest, "docker")
        daemon = json.loads(guest.read("/etc/docker/daemon.json"))
        assert daemon["log-opts"] == {"max-size": str(10 * 1024 * 1024), "max-file": "5"}


def test_a_step_runs_the_runtimes_own_script_and_what_all_have_in_common() -> None:
    texts = {word: read_step(step.file) for word, step in INSTALL_RUNTIME.items()}
    for word, text in texts.items():
        assert "prove_runtime" in text
        assert not [other for other in WORDS if other != word and f'install_held_packages "{other}' in text]
