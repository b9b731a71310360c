"""05-reset-node.sh: a machine brought back to what it was before any Kubernetes and container runtime."""

import base64
from collections.abc import Callable, Mapping

import pytest

from tests.shell import steps
from tests.shell.guest import KILLED, Guest, Result
from tests.shell.steps import INSTALL_RUNTIME, RESET, WORDS, socket_of

OTHER = {"containerd": "docker", "docker": "crio", "crio": "containerd"}
SERVICE = {"containerd": "containerd", "crio": "crio", "docker": "cri-docker"}
FACTS = "/var/lib/guest/facts"
# What a machine does not get back before it boots anew, and what the stand-ins alone keep.
STAYS = (f"{FACTS}/sysctl/", f"{FACTS}/swap", f"{FACTS}/images/", f"{FACTS}/tokens/", "/var/lib/guest/events")
OWN_LOGS = ("/var/log/kubelab-05-reset-node.log",)
RULES_OF_OTHERS = """*filter
:INPUT ACCEPT [0:0]
:MY-DOCKER - [0:0]
-A INPUT -s 10.0.0.0/8 -j MY-DOCKER
-A INPUT -i cni1 -m comment --comment "not cni0" -j ACCEPT
COMMIT"""
OUR_RULES = """:KUBE-SERVICES - [0:0]
:DOCKER - [0:0]
:DOCKER-USER - [0:0]
:CNI-0123 - [0:0]
:FLANNEL-FWD - [0:0]
-A INPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A DOCKER-USER -j RETURN
-A INPUT -i cni0 -j ACCEPT
-A OUTPUT ! -o docker0 -j ACCEPT
-A INPUT -j CNI-0123
"""


Join = Callable[[str], None]


@pytest.fixture(autouse=True)
def machine(guest: Guest) -> None:
    """A machine with what others have on it."""
    set_up(guest)


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Guest]:
    """Such a machine made a worker, one with each runtime."""
    made = {word: Guest(tmp_path_factory.mktemp(word) / "guest") for word in WORDS}
    for word, guest in made.items():
        set_up(guest)
        make_worker(guest, word)
    return made


@pytest.fixture
def join(guest: Guest, workers: Mapping[str, Guest]) -> Join:
    """Makes the machine a worker with this runtime."""
    return lambda word: guest.become(workers[word])


def set_up(guest: Guest) -> None:
    """Put on the machine what others have on it."""
    steps.PREPARE_OS.prepare(guest)
    for step in INSTALL_RUNTIME.values():
        step.prepare(guest)
    steps.INSTALL_KUBERNETES.prepare(guest)
    # It came with the image, and an installation of ours finds it there.
    guest.state("packages/ethtool", "1-1")
    for package in ("containerd.io", "docker-ce", "cri-o"):
        guest.state(f"needs/{package}", "libseccomp2 bash")
    guest.state("packages/bash", "5-1")
    guest.state("packages/backup", "1-1")
    # Nothing needs it any more, and its removal is not ours to decide.
    guest.state("packages/old-kernel", "1-1")
    guest.state("auto/old-kernel", "auto")
    guest.write("/etc/systemd/system/backup.service", "[Service]\n")
    guest.state("units/backup/active", "active")
    guest.write("/etc/sysctl.d/50-others.conf", "vm.swappiness = 1\n")
    guest.write("/etc/modules-load.d/others.conf", "dummy\n")
    guest.write("/var/lib/data/file", "data\n")
    guest.write("/opt/tool/bin/tool", "")
    guest.write("/usr/local/bin/tool", "", mode=0o755)
    guest.write("/home/user/.kube/config", f"certificate-authority-data: {base64.b64encode(b'other').decode()}\n")
    guest.state("links", "lo\neth0\ncni1")
    guest.state("namespaces", "vpn")
    guest.state("rules/iptables", RULES_OF_OTHERS)
    guest.state("rules/ip6tables", "*filter\n:INPUT ACCEPT [0:0]\nCOMMIT")
    guest.state("tables/inet firewall", "table inet firewall {\n}")
    guest.state("processes", "sshd\ncontainerd-shimmer")
    guest.state("mounts", "/\n/var/lib/data")


def make_worker(guest: Guest, word: str) -> None:
    """Make it a worker with this runtime by the steps themselves, with what runs then."""
    for step in (steps.PREPARE_OS, INSTALL_RUNTIME[word], steps.INSTALL_KUBERNETES, steps.JOIN):
        result = guest.run(step.file, step.environment)
        assert result.status == 0, result.stderr
    run_pods(guest, word)


def run_pods(guest: Guest, word: str) -> None:
    """What the kubelet, a runtime and a pod network do on a machine while they run."""
    guest.write("/etc/kubernetes/pki/ca.crt", steps.authority_text())
    guest.write("/root/.kube/config", f"certificate-authority-data: {encoded_authority()}\n")
    guest.write("/home/lab/.kube/config", f"certificate-authority-data: {encoded_authority()}\n")
    guest.socket(socket_of(word))
    guest.state(f"pods.{SERVICE[word]}/aaaa", "web-1")
    if word == "docker":
        guest.state("docker-containers", "bbbb")
    guest.write("/etc/default/kubelet", 'Environment="KUBELET_EXTRA_ARGS=--x\n')
    guest.write("/etc/systemd/system/kubelet.service.d/0-crio.conf", "[Service]\n")
    guest.write("/etc/cni/net.d/10-flannel.conflist", "{}\n")
    guest.write("/opt/cni/bin/bridge", "")
    guest.write("/var/lib/kubelet/pods/1/volumes/token", "secret\n")
    guest.write("/run/flannel/subnet.env", "")
    guest.write("/var/log/pods/web/0.log", "")
    guest.state("links", f"{guest.known('links')}\ncni0\nflannel.1\ncali12345\ndocker0")
    guest.state("namespaces", f"{guest.known('namespaces')}\ncni-1234")
    guest.state("rules/iptables", RULES_OF_OTHERS.replace("COMMIT", f"{OUR_RULES}COMMIT"))
    guest.state("rules/ip6tables", f"*filter\n:INPUT ACCEPT [0:0]\n{OUR_RULES}COMMIT")
    guest.state("tables/ip kube-proxy", "table ip kube-proxy {\n}")
    guest.state("tables/ip6 filter", "table ip6 filter {\n\tchain INPUT {\n\t\ttype filter hook input;\n\t}\n}")
    guest.state("processes", f"{guest.known('processes')}\ncontainerd-shim\nconmon\ndocker-proxy")
    guest.state("mounts", f"{guest.known('mounts')}\n/var/lib/kubelet/pods/1/volumes\n/run/netns/cni-1234")
    guest.write("/run/netns/cni-1234", "")


def encoded_authority() -> str:
    return base64.b64encode(steps.authority_text().encode()).decode()


def reset(guest: Guest, **changed: str) -> Result:
    step = RESET.given(**changed)
    return guest.run(step.file, step.environment)


def contents(guest: Guest) -> Mapping[str, tuple[int, str]]:
    """Modes and texts of all files that a reset brings back."""
    return {
        path: (file.mode, file.text)
        for path, file in guest.files().items()
        if not path.startswith(STAYS) and path not in OWN_LOGS
    }


def assert_one_error(result: Result, *shown: str) -> None:
    assert (result.status, result.stdout) == (1, "")
    assert len(result.errors) == 1
    assert all(word in result.stderr for word in ("w1", *shown)), result.stderr


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


# The commands during which the machine stops, in the order of the reset, and whether the first, ... of their calls.
INTERRUPTIONS = [
    ("kubeadm", "reset"),
    ("systemctl", "disable"),
    ("pkill", "--signal"),
    ("ip", "link delete"),
    ("iptables-restore", ""),
    ("nft", "delete"),
    ("umount", ""),
    ("apt-get", "purge"),
    ("apt-mark", "auto"),
    ("update-ca-certificates", ""),
    ("systemctl", "unmask"),
    ("systemctl", "daemon-reload"),
]


class TestInterruption:
    @pytest.mark.parametrize(("command", "words"), INTERRUPTIONS, ids=[" ".join(each) for each in INTERRUPTIONS])
    def test_a_reset_that_was_killed_is_finished_by_the_next_run(
        self, guest: Guest, join: Join, command: str, words: str
    ) -> None:
        before = contents(guest)
        join("docker")
        guest.answer(command, f'[[ "$*" != *"{words}"* ]] || {{ {KILLED}; }}')
        assert reset(guest).status != 0
        assert contents(guest) != before
        guest.as_usual(command)
        result = reset(guest)
        assert (result.status, result.errors) == (0, [])
        assert contents(guest) == before

    def test_it_is_finished_also_when_the_change_was_taken_back_meanwhile(self, guest: Guest, join: Join) -> None:
        before = contents(guest)
        join("docker")
        guest.answer("pkill", KILLED)
        reset(guest)
        guest.as_usual("pkill")
        assert reset(guest, RUNTIME="docker").status == 0
        assert contents(guest) == before

    def test_the_mark_of_an_unfinished_reset_goes_last(self, guest: Guest, join: Join) -> None:
        join("docker")
        look = '[[ "$*" != "-rf /etc/kubelab" ]] || ls -A /etc/kubelab >/run/left'
        guest.write("/local/sbin/rm", f'#!/bin/bash\n{look}\nexec /usr/bin/rm "$@"\n', mode=0o755)
        assert reset(guest).status == 0
        assert guest.read("/run/left").split() == ["reset-unfinished"]

    def test_an_authority_whose_removal_was_interrupted_is_not_trusted_any_more(self, guest: Guest, join: Join) -> None:
        join("docker")
        guest.answer("update-ca-certificates", KILLED)
        reset(guest)
        guest.as_usual("update-ca-certificates")
        reset(guest)
        assert guest.calls("update-ca-certificates --fresh")


class TestFailure:
    def test_packages_that_cannot_be_purged_are_one_clear_error(self, guest: Guest, join: Join) -> None:
        join("docker")
        guest.answer("apt-get", '[[ $* != *purge* ]] || { echo "E: Could not get lock" >&2; exit 100; }')
        assert_one_error(reset(guest), "E: Could not get lock", "/var/log/kubelab-05-reset-node.log")

    @pytest.mark.parametrize(
        ("command", "words", "shown"),
        [
            ("ip", "link delete cni0", "links: cni0"),
            ("pkill", "conmon", "processes: conmon"),
            ("nft", "delete table", "tables: ip kube-proxy"),
            ("iptables-restore", "", "chains: CNI-0123 DOCKER DOCKER-USER FLANNEL-FWD KUBE-SERVICES"),
        ],
    )
    def test_what_cannot_be_removed_is_one_clear_error_and_is_sought_again(
        self, guest: Guest, join: Join, command: str, words: str, shown: str
    ) -> None:
        before = contents(guest)
        join("docker")
        guest.answer(command, f'[[ "$*" != *"{words}"* ]] || {{ echo "Operation not permitted" >&2; exit 1; }}')
        result = reset(guest)
        assert_one_error(result)
        assert f"there still is {shown} ; look at /var/log/" in result.errors[0]
        assert "build the machine anew" in result.errors[0]
        guest.as_usual(command)
        assert reset(guest).status == 0
        assert contents(guest) == before

    def test_a_directory_that_cannot_be_removed_is_named_in_one_error(self, guest: Guest, join: Join) -> None:
        join("docker")
        # A busy directory: no list of mounts has it.
        guest.write("/var/lib/docker/busy", "")
        result = guest.shell(
            ["bash", "-c", "mount --bind /opt/tool /var/lib/docker && exec bash -s"],
            steps.render(RESET),
        )
        assert_one_error(result, "paths: /var/lib/docker")
