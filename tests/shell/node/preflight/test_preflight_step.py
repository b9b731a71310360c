"""00-preflight.sh: looks before anything is touched."""

from collections.abc import Callable

import pytest

from tests.shell.guest.machine import Guest
from tests.shell.steps import PREFLIGHT
from tests.shell.world import MIRROR

STEP, WANTED = PREFLIGHT.file, PREFLIGHT.environment


@pytest.fixture(autouse=True)
def machine(guest: Guest) -> None:
    PREFLIGHT.prepare(guest)


def test_a_fit_machine_passes_without_a_word(guest: Guest) -> None:
    result = guest.run(STEP, WANTED)
    assert (result.status, result.stderr) == (0, "")


def test_looking_changes_nothing(guest: Guest) -> None:
    before = guest.files()
    guest.run(STEP, WANTED)
    assert guest.files() == before


def break_system(guest: Guest) -> None:
    guest.write("/etc/os-release", 'ID=ubuntu\nVERSION_ID="24.04"\n')


def break_init(guest: Guest) -> None:
    guest.write("/kernel/1/comm", "sh\n")


def break_hostname(guest: Guest) -> None:
    guest.write("/etc/hostname", "localhost\n")


def break_address(guest: Guest) -> None:
    guest.state("address", "10.87.0.111")


def break_cpus(guest: Guest) -> None:
    guest.state("cpus", "1")


def break_memory(guest: Guest) -> None:
    guest.write("/kernel/meminfo", "MemTotal:        1024000 kB\nMemFree: 1 kB\n")


def break_disk(guest: Guest) -> None:
    guest.state("disk", "1")


def leave_another_cluster(guest: Guest) -> None:
    guest.write("/etc/kubernetes/kubelet.conf", "")


def stop_guests(guest: Guest) -> None:
    guest.state("guest", "its guest had done 0 of 5 rounds after 1 s")


def stop_mirror(guest: Guest) -> None:
    (guest.root / "local/web/10.87.0.1:8443").rename(guest.root / "local/web/elsewhere")


# what is wrong with the machine, the check that says so, what the message must show of it
FAULTS = [
    (break_system, "OperatingSystem", ("ubuntu 24.04", "debian 12")),
    (break_init, "Init", ("found sh", "systemd")),
    (break_hostname, "Hostname", ("localhost", "w1")),
    (break_address, "Address", ("10.87.0.111/24", "10.87.0.11")),
    (break_cpus, "CPUs", ("found 1", "at least 2")),
    (break_memory, "Memory", ("1000 MiB", "at least 1700 MiB")),
    # Pitfall: the disc was full, and the cluster dead after a reboot.
    (break_disk, "Disk", ("1 GiB", "at least 2 GiB")),
    (leave_another_cluster, "Leftovers", ("/etc/kubernetes", "cleanInstall: true")),
    (stop_guests, "NestedVirtualization", ("0 of 5 rounds",)),
    (stop_mirror, "Mirror", (f"{MIRROR}/apt", "curl")),
]


@pytest.mark.parametrize(("damage", "check", "shown"), FAULTS, ids=[fault[0].__name__ for fault in FAULTS])
def test_an_unfit_machine_is_refused_with_what_was_found_and_wanted(
    guest: Guest, damage: Callable[[Guest], None], check: str, shown: tuple[str, ...]
) -> None:
    damage(guest)
    result = guest.run(STEP, WANTED)
    assert result.status == 1
    line = next(line for line in result.stderr.splitlines() if f"preflight {check} on w1:" in line)
    assert all(word in line for word in shown), line
    assert result.stdout == ""


def test_all_failed_checks_are_named_at_once(guest: Guest) -> None:
    for damage, _, _ in FAULTS:
        damage(guest)
    result = guest.run(STEP, WANTED)
    named = {check for _, check, _ in FAULTS if f"preflight {check} on" in result.stderr}
    assert named == {check for _, check, _ in FAULTS}
    assert len(result.errors) == 1
    assert "w1" in result.errors[0]


def test_a_check_ignored_by_name_only_warns(guest: Guest) -> None:
    break_cpus(guest)
    result = guest.run(STEP, {**WANTED, "IGNORED": "SystemVerification CPUs"})
    assert result.status == 0
    assert "warning: preflight CPUs on w1" in result.stderr
    break_memory(guest)
    assert guest.run(STEP, {**WANTED, "IGNORED": "CPUs"}).status == 1


# What an installation left, and the words by which the message shows it: the kind, the name.
LEFT: dict[str, tuple[Callable[[Guest], None], str]] = {
    "a package": (lambda guest: guest.state("packages/docker.io", "20-1"), "packages: docker.io"),
    "the configuration of a package": (lambda guest: guest.state("removed/kubelet", "1.16-1"), "packages: kubelet"),
    "a unit": (lambda guest: guest.write("/etc/systemd/system/docker.service", ""), "units: docker.service"),
    "settings of the kubelet": (lambda guest: guest.write("/etc/default/kubelet", ""), "paths: /etc/default/kubelet"),
    "a drop-in": (
        lambda guest: guest.write("/etc/systemd/system/kubelet.service.d/0-crio.conf", ""),
        "paths: /etc/systemd/system/kubelet.service.d",
    ),
    "a static installation": (
        lambda guest: guest.write("/usr/local/bin/cri-dockerd", "", mode=0o755),
        "paths: /usr/local/bin/cri-dockerd",
    ),
    "a socket": (lambda guest: guest.socket("/run/crio/crio.sock"), "paths: /run/crio"),
    "a pod network": (lambda guest: guest.write("/etc/cni/net.d/10-old.conf", ""), "paths: /etc/cni"),
    "a link": (lambda guest: guest.state("links", "eth0\ncali123"), "links: cali123"),
    "rules": (lambda guest: guest.state("rules/iptables", "*nat\n:KUBE-SERVICES - [0:0]"), "chains: KUBE-SERVICES"),
    "a table": (lambda guest: guest.state("tables/ip kube-proxy", "table"), "tables: ip kube-proxy"),
    "a process": (lambda guest: guest.state("processes", "sshd\ncontainerd-shim"), "processes: containerd-shim"),
}


class TestLeftovers:
    """Pitfall: `kubeadm reset` isn't enough; /etc/default/kubelet, drop-ins, packages, runtimes, sockets remain."""

    @pytest.mark.parametrize("left", LEFT)
    def test_each_kind_is_found_and_named(self, guest: Guest, left: str) -> None:
        """Pitfall: runtimes are sought by `dpkg -l | grep` and `ps | grep`, which misses crio and static installs."""
        leave, shown = LEFT[left]
        leave(guest)
        result = guest.run(STEP, WANTED)
        assert result.status == 1
        (line,) = [line for line in result.stderr.splitlines() if line.startswith("preflight ")]
        assert line.startswith(f"preflight Leftovers on w1: found {shown}, wanted no earlier installation; set clean")

    def test_all_kinds_are_named_at_once(self, guest: Guest) -> None:
        for leave, _ in LEFT.values():
            leave(guest)
        said = guest.run(STEP, WANTED).stderr
        assert not [left for left, (_, shown) in LEFT.items() if shown.rpartition(" ")[2] not in said]

    def test_they_are_no_fault_where_they_will_be_removed(self, guest: Guest) -> None:
        for leave, _ in LEFT.values():
            leave(guest)
        assert guest.run(STEP, {**WANTED, "CLEAN_INSTALL": "true"}).status == 0

    def test_what_others_have_is_none(self, guest: Guest) -> None:
        guest.state("packages/conntrack", "1-1")
        guest.write("/etc/systemd/system/backup.service", "")
        guest.write("/etc/dockerfile", "")
        guest.state("links", "lo\neth0\ncni1")
        # Of the host, where the machine is itself a container.
        guest.state("rules/iptables", "*nat\n:DOCKER_OUTPUT - [0:0]\n:KUBERNETES - [0:0]\n:MY-KUBE-RULES - [0:0]")
        guest.state("tables/inet firewall", "table")
        guest.state("processes", "sshd\ncontainerd-shimmer")
        result = guest.run(STEP, WANTED)
        assert (result.status, result.stderr) == (0, "")

    def test_an_empty_file_system_for_what_will_be_stored_is_none(self, guest: Guest) -> None:
        (guest.path("/var/lib/containerd/lost+found")).mkdir(parents=True)
        assert guest.run(STEP, WANTED).status == 1
        guest.state("mounts", "/var/lib/containerd")
        assert guest.run(STEP, WANTED).status == 0
        guest.write("/var/lib/containerd/io.containerd.metadata.v1.bolt/meta.db", "")
        assert "/var/lib/containerd" in guest.run(STEP, WANTED).stderr

    def test_a_node_that_we_made_has_none(self, guest: Guest) -> None:
        guest.write("/etc/kubelab/node", "w1\n")
        guest.write("/etc/kubernetes/kubelet.conf", "")
        assert guest.run(STEP, WANTED).status == 0

    def test_a_clone_of_another_node_of_ours_is_refused_by_that_nodes_name(self, guest: Guest) -> None:
        """Pitfall: a machine cloned from a worker that has joined must be reset first."""
        guest.write("/etc/kubelab/node", "w9\n")
        guest.write("/etc/kubernetes/kubelet.conf", "")
        result = guest.run(STEP, WANTED)
        assert result.status == 1
        assert "preflight Leftovers on w1: found kubelab's node w9; paths: /etc/kubernetes, wanted" in result.stderr


def test_mirrors_are_verified_by_the_given_authority_alone(guest: Guest) -> None:
    guest.run(STEP, WANTED)
    assert all("--cacert" in call for call in guest.calls("curl"))
    assert not [call for call in guest.calls("curl") if "--insecure" in call or " -k" in call]


def test_cloud_init_that_failed_is_one_clear_error(guest: Guest) -> None:
    guest.answer("cloud-init", 'echo "status: error: datasource not found"; exit 1')
    result = guest.run(STEP, WANTED)
    assert result.status == 1
    assert len(result.errors) == 1
    assert "datasource not found" in result.errors[0]


def test_cloud_init_that_recovered_from_something_is_done(guest: Guest) -> None:
    guest.answer("cloud-init", "exit 2")
    assert guest.run(STEP, WANTED).status == 0


@pytest.mark.case("C19")
@pytest.mark.parametrize("mark", ["/etc/kubelab/joined", "/etc/kubelab/cluster-identity.yaml"])
def test_another_kubernetes_than_the_clusters_is_refused_on_a_member(guest: Guest, mark: str) -> None:
    """Pitfall: kubelets are newer than their API server, and a changed minor moves CRI-O too."""
    guest.write(mark, "")
    guest.write("/etc/kubelab/node", "w1\n")
    guest.state("packages/kubelet", "1.35.2-1.1")
    result = guest.run(STEP, WANTED)
    assert result.status == 1
    (said,) = [line for line in result.stderr.splitlines() if line.startswith("preflight ")]
    assert all(word in said for word in ("w1", WANTED["KUBERNETES_VERSION"], "set kubernetesVersion to 1.35.2"))


@pytest.mark.case("C19")
def test_a_member_of_the_declared_kubernetes_and_a_machine_that_is_none_pass(guest: Guest) -> None:
    guest.write("/etc/kubelab/node", "w1\n")
    guest.state("packages/kubelet", "1.35.2-1.1")
    assert guest.run(STEP, WANTED).status == 0
    guest.state("packages/kubelet", f"{WANTED['KUBERNETES_VERSION']}-1.1")
    guest.write("/etc/kubelab/joined", "")
    assert guest.run(STEP, WANTED).status == 0
