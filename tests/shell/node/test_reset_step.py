"""05-reset-node.sh: a machine brought back to what it was before any Kubernetes and container runtime."""

import pytest

from tests.shell import steps
from tests.shell.guest.machine import Guest
from tests.shell.node.reset_machines import FACTS, OTHER, RULES_OF_OTHERS, Join, contents, reset, run_pods, set_up
from tests.shell.steps import INSTALL_RUNTIME
from tests.shell.world import WORDS


@pytest.fixture(autouse=True)
def machine(guest: Guest) -> None:
    """A machine with what others have on it."""
    set_up(guest)


class TestWhen:
    @pytest.mark.parametrize("clean", ["false", "true"])
    @pytest.mark.parametrize("role", ["worker", "controlPlane"])
    @pytest.mark.parametrize("word", WORDS)
    def test_a_node_of_ours_with_its_declared_runtime_is_left_alone(
        self, guest: Guest, join: Join, word: str, role: str, clean: str
    ) -> None:
        join(word)
        before = guest.files()
        result = reset(guest, RUNTIME=word, ROLE=role, CLEAN_INSTALL=clean)
        assert (result.status, result.stdout, result.stderr) == (0, "", "")
        assert guest.files() == before

    @pytest.mark.parametrize("clean", ["false", "true"])
    def test_a_control_plane_of_ours_is_never_reset(self, guest: Guest, join: Join, clean: str) -> None:
        join("docker")
        before = guest.files()
        result = reset(guest, RUNTIME="containerd", ROLE="controlPlane", CLEAN_INSTALL=clean)
        assert (result.status, result.stdout, result.stderr) == (0, "", "")
        assert guest.files() == before

    @pytest.mark.parametrize("clean", ["false", "true"])
    def test_a_fresh_machine_is_left_alone(self, guest: Guest, clean: str) -> None:
        before = guest.files()
        assert (reset(guest, CLEAN_INSTALL=clean).status, guest.files()) == (0, before)

    @pytest.mark.parametrize("role", ["worker", "controlPlane"])
    @pytest.mark.parametrize("owner", ["w9", None])
    def test_an_installation_that_is_not_this_nodes_goes_only_where_that_is_declared(
        self, guest: Guest, join: Join, role: str, owner: str | None
    ) -> None:
        """Pitfall: a machine cloned from a worker that has joined must be reset first."""
        join("crio")
        if owner:
            guest.write("/etc/kubelab/node", f"{owner}\n")
        else:
            guest.remove("/etc/kubelab/node")
        before = guest.files()
        assert reset(guest, RUNTIME="crio", ROLE=role).status == 0
        assert guest.files() == before
        assert reset(guest, RUNTIME="crio", ROLE=role, CLEAN_INSTALL="true").status == 0
        assert not guest.exists("/etc/kubernetes")
        assert not guest.exists("/etc/kubelab")

    def test_a_clone_of_a_node_that_got_no_further_than_its_name_is_cleaned_too(self, guest: Guest) -> None:
        guest.write("/etc/kubelab/node", "w9\n")
        guest.write("/etc/kubelab/runtime", "docker\n")
        assert reset(guest, CLEAN_INSTALL="true").status == 0
        assert not guest.exists("/etc/kubelab")

    def test_what_will_be_removed_is_said_by_kind(self, guest: Guest, join: Join) -> None:
        join("docker")
        (line,) = [line for line in reset(guest).stderr.splitlines() if line.startswith("removing from w1: ")]
        assert all(f"{kind}: " in line for kind in ("packages", "units", "paths", "links", "chains", "tables"))


class TestWhat:
    @pytest.mark.parametrize("word", WORDS)
    def test_a_worker_that_gets_another_runtime_is_what_it_was_before(
        self, guest: Guest, join: Join, word: str
    ) -> None:
        """Pitfall: `kubeadm reset` isn't enough; /etc/default/kubelet, drop-ins, packages, runtimes, sockets remain."""
        before = contents(guest)
        join(word)
        result = reset(guest, RUNTIME=OTHER[word])
        assert (result.status, result.stdout, result.errors) == (0, "", [])
        after = contents(guest)
        assert sorted(after) == sorted(before)
        assert after == before

    @pytest.mark.parametrize("word", WORDS)
    def test_a_second_run_changes_nothing(self, guest: Guest, join: Join, word: str) -> None:
        join(word)
        reset(guest, RUNTIME=OTHER[word])
        before = guest.files()
        result = reset(guest, RUNTIME=OTHER[word])
        assert (result.status, result.stderr) == (0, "")
        assert guest.files() == before

    @pytest.mark.parametrize("word", WORDS)
    def test_the_machine_passes_preflight_and_takes_the_other_runtime(
        self, guest: Guest, join: Join, word: str
    ) -> None:
        join(word)
        reset(guest, RUNTIME=OTHER[word])
        steps.PREFLIGHT.prepare(guest)
        for step in (steps.PREFLIGHT, steps.PREPARE_OS, INSTALL_RUNTIME[OTHER[word]]):
            result = guest.run(step.file, step.environment)
            assert result.status == 0, result.stderr
        assert guest.read("/etc/kubelab/runtime") == f"{OTHER[word]}\n"

    def test_an_installation_of_others_goes_with_what_is_in_the_list_and_no_more(self, guest: Guest) -> None:
        before = contents(guest)
        guest.state("packages/docker.io", "20-1")
        guest.state("needs/docker.io", "libothers")
        guest.state("packages/libothers", "1-1")
        guest.state("auto/libothers", "auto")
        guest.state("removed/kubelet", "1.16-1")
        guest.write("/etc/systemd/system/cri-docker.service", "[Service]\n")
        guest.state("units/cri-docker/active", "active")
        run_pods(guest, "docker")
        assert reset(guest, CLEAN_INSTALL="true").status == 0
        # It may have come with the image: it is not in the list, and nobody recorded it.
        assert guest.known("packages/libothers") == "1-1"
        for fact in ("packages/libothers", "auto/libothers", "needs/docker.io"):
            guest.forget(fact)
        assert contents(guest) == before

    def test_packages_that_others_need_as_well_stay(self, guest: Guest, join: Join) -> None:
        join("docker")
        guest.state("needs/backup", "socat libseccomp2")
        assert reset(guest).status == 0
        assert guest.known("packages/socat") == "1"
        assert guest.known("packages/libseccomp2") == "1.0-1"
        assert guest.known("packages/conntrack") is None

    def test_packages_that_an_interrupted_installation_brought_go_too(self, guest: Guest, join: Join) -> None:
        join("docker")
        guest.write("/etc/kubelab/packages-before", "backup\nbash\nethtool\nold-kernel\n")
        guest.state("packages/libinterrupted", "1-1")
        assert reset(guest).status == 0
        assert guest.known("packages/libinterrupted") is None
        assert guest.known("packages/backup") == "1-1"

    def test_kubeconfigs_of_the_cluster_go_and_those_of_others_stay(self, guest: Guest, join: Join) -> None:
        """Pitfall: a stale ~/.kube/config, and so "x509: certificate signed by unknown authority"."""
        join("docker")
        reset(guest)
        assert not guest.exists("/root/.kube/config")
        assert not guest.exists("/home/lab/.kube/config")
        assert guest.exists("/home/user/.kube/config")

    def test_pods_are_removed_by_their_runtime_while_it_runs(self, guest: Guest, join: Join) -> None:
        """Pitfall: what lies beneath a runtime was deleted by hand, and the cluster was dead after a reboot."""
        join("docker")
        reset(guest)
        calls = guest.calls()
        removed, stopped = (
            next(i for i, call in enumerate(calls) if all(word in call for word in words))
            for words in (("crictl", "rmp --force aaaa"), ("systemctl disable --now", "docker"))
        )
        assert removed < stopped
        assert guest.calls("kubeadm reset --force --cri-socket unix:///run/cri-dockerd.sock")
        assert guest.calls("docker rm --force bbbb")

    def test_swap_sources_and_authority_are_what_they_were(self, guest: Guest, join: Join) -> None:
        fstab, sources = guest.read("/etc/fstab"), guest.read("/etc/apt/sources.list")
        join("docker")
        assert guest.read("/etc/fstab") != fstab
        reset(guest)
        assert guest.read("/etc/fstab") == fstab
        assert guest.read("/etc/apt/sources.list") == sources
        assert guest.exists("/etc/apt/sources.list.d/debian.sources")
        assert guest.calls("update-ca-certificates --fresh")
        assert guest.calls("systemctl unmask swap.target")

    def test_rules_of_others_stay(self, guest: Guest, join: Join) -> None:
        join("docker")
        reset(guest)
        assert guest.known("rules/iptables") == RULES_OF_OTHERS
        assert guest.known("rules/ip6tables") == "*filter\n:INPUT ACCEPT [0:0]\nCOMMIT"

    def test_a_table_is_deleted_only_when_it_is_empty_then(self, guest: Guest, join: Join) -> None:
        rule = "\t\tip saddr 10.0.0.0/8 accept\n"
        join("docker")
        guest.state("tables/ip filter", f"table ip filter {{\n\tchain INPUT {{\n{rule * 5000}\t}}\n}}")
        reset(guest)
        assert guest.known("tables/ip filter")
        assert guest.known("tables/inet firewall")
        assert guest.known("tables/ip6 filter") is None
        assert guest.known("tables/ip kube-proxy") is None

    def test_a_file_system_for_what_is_stored_stays_and_is_empty(self, guest: Guest, join: Join) -> None:
        join("containerd")
        guest.state("mounts", "/var/lib/containerd\n/var/lib/containerd/tmpmounts/1")
        guest.write("/var/lib/containerd/lost+found/inode", "")
        guest.write("/var/lib/containerd/tmpmounts/1/file", "")
        assert reset(guest, RUNTIME="crio").status == 0
        assert guest.known("mounts") == "/var/lib/containerd"
        assert [path.name for path in guest.path("/var/lib/containerd").iterdir()] == ["lost+found"]

    def test_a_machine_without_the_programs_of_a_runtime_is_cleaned_all_the_same(
        self, guest: Guest, join: Join
    ) -> None:
        join("containerd")
        for program in ("docker", "kubeadm", "nft", "ip6tables-save"):
            guest.remove(f"/local/sbin/{program}")
        guest.forget("tables/ip kube-proxy")
        assert reset(guest, RUNTIME="crio").status == 0
        assert not guest.exists("/etc/kubernetes")

    def test_a_runtime_that_hangs_or_fails_does_not_keep_it_from_the_rest(self, guest: Guest, join: Join) -> None:
        before = contents(guest)
        join("docker")
        for command in ("crictl", "kubeadm", "docker"):
            guest.answer(command, "echo 'context deadline exceeded' >&2; exit 1")
        assert reset(guest).status == 0
        after = contents(guest)
        # Only the runtime knew of its pods.
        kept = (f"{FACTS}/pods.cri-docker/aaaa", f"{FACTS}/docker-containers")
        assert {path: text for path, text in after.items() if path not in kept} == before
