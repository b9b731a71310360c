"""90-verify-cluster.sh compare: whether each node's runtime is one and the same wherever one looks."""

from collections.abc import Mapping

import pytest

from components.runtimes import RUNTIMES
from tests.shell.guest.machine import Guest, Result
from tests.shell.steps import COMPARE, INSPECT
from tests.shell.world import NODE_FACTS, REPORTED, WORDS, render_configz, render_facts, run_member
from tests.unit.components import labs

DOCKER, CRIO = (RUNTIMES[word].cri_socket for word in ("docker", "crio"))


@pytest.fixture(autouse=True)
def cluster(guest: Guest) -> None:
    """cp1 with containerd, w1 with docker, w2 with crio."""
    COMPARE.prepare(guest)


def compare(guest: Guest, changed: Mapping[str, str] | None = None, **environment: str) -> Result:
    """Compare when some of w1's facts are other ones."""
    facts = {**NODE_FACTS, "w1": {**NODE_FACTS["w1"], **(changed or {})}}
    given = {**COMPARE.environment, "NODE_FACTS": render_facts(facts), **environment}
    return guest.run(COMPARE.file, given, *COMPARE.arguments)


def differences(result: Result) -> list[str]:
    """The lines that say what differs, of a comparison that failed with one error."""
    *lines, error = result.stderr.splitlines()
    assert result.status == 1
    assert error.startswith("error: comparing what is declared, configured, answering and reported: ")
    assert f": {len(lines)} differences" in error
    return lines


class TestAgreement:
    def test_it_prints_a_row_for_each_node(self, guest: Guest) -> None:
        """Pitfalls: which runtime does each node have; nodes of one cluster may have different ones."""
        result = compare(guest)
        assert (result.status, result.stderr) == (0, "")
        version = labs.RUNTIME_VERSIONS
        seen = {
            "cp1": ("containerd", RUNTIMES["containerd"].cri_socket, "containerd", version["containerd"]),
            "w1": ("docker", DOCKER, "docker", version["docker"]),
            "w2": ("crio", "unix:///run/crio/crio.sock", "cri-o", version["crio"]),
        }
        same = "systemd/systemd/systemd\t10-flannel.conflist"
        assert result.stdout.splitlines() == [
            f"{node}\t{word}\t{socket}\t{name} {version}\t{name}://{version}\t{same}"
            for node, (word, socket, name, version) in seen.items()
        ]

    def test_it_changes_nothing_and_starts_nothing(self, guest: Guest) -> None:
        before = guest.files()
        compare(guest)
        assert guest.files() == before
        assert {call.split()[1] for call in guest.calls()} == {"get"}

    def test_var_run_is_run(self, guest: Guest) -> None:
        guest.state("configz/w1", render_configz("unix:///var/run/cri-dockerd.sock"))
        changed = {"configured": "unix:///var/run/cri-dockerd.sock", "crictl": "unix:///run/cri-dockerd.sock"}
        assert compare(guest, changed).status == 0

    def test_a_distributions_build_of_a_version_is_that_version(self, guest: Guest) -> None:
        built = f"{labs.RUNTIME_VERSIONS['docker']}+dfsg1"
        guest.state("reported", "\n".join({**REPORTED, "w1": f"w1 docker://{built}"}.values()))
        assert compare(guest, {"answering": f"docker {built}"}).status == 0

    def test_kubelabs_own_drop_in_is_allowed(self, guest: Guest) -> None:
        assert compare(guest, {"drop-ins": "10-kubeadm.conf 20-kubelab.conf"}).status == 0

    @pytest.mark.parametrize("word", WORDS)
    def test_what_the_inspection_says_of_a_right_node_agrees(self, guest: Guest, word: str) -> None:
        run_member(guest, word)
        inspected = guest.run(INSPECT.file, INSPECT.environment)
        node = labs.node("w1", runtime=word)
        runtime = RUNTIMES[word]
        guest.state("configz/w1", render_configz(runtime.cri_socket))
        guest.state("reported", f"w1 {runtime.reported_as}://{node.runtime_version}")
        declared = f"w1 {word} {runtime.cri_socket} {runtime.reported_as} {node.runtime_version}"
        result = compare(guest, NODE_FACTS=inspected.stdout, RUNTIMES=declared)
        assert (result.status, result.stderr) == (0, "")
        assert len(result.stdout.splitlines()) == 1


# What the inspection found on w1, and the one line that says so.
FOUND: dict[str, tuple[dict[str, str], str]] = {
    "crictl asks another socket": (
        {"crictl": CRIO},
        f"comparing w1: crictl's socket is unix:///run/crio/crio.sock, and the kubelet's is {DOCKER}",
    ),
    "a second runtime answers": (
        {"others": "containerd-2.3.4"},
        "comparing w1: another runtime, answering beside the declared one, is containerd-2.3.4, and what should answer"
        " there is -",
    ),
    "a pod has another cgroup driver": (
        {"pod-cgroup": "/kubepods/burstable/pod1/0123"},
        "comparing w1: the cgroup driver of a pod, in /kubepods/burstable/pod1/0123, is cgroupfs, and the runtime's is"
        " systemd",
    ),
    "no pod was found": (
        {"pod-cgroup": "-"},
        "comparing w1: the cgroup driver of a pod, in -, is -, and the runtime's is systemd",
    ),
    "two pod networks": (
        {"pod-networks": "10-flannel.conflist 10-crio-bridge.conf"},
        "looking at /etc/cni/net.d on w1: found 10-flannel.conflist 10-crio-bridge.conf, wanted one configuration: the"
        " first would shadow the others",
    ),
    "a drop-in of another installation": (
        {"drop-ins": "0-crio.conf 10-kubeadm.conf"},
        "looking at the kubelet's drop-ins on w1: found 0-crio.conf, wanted 10-kubeadm.conf and 20-kubelab.conf alone;"
        " remove it",
    ),
    "settings that systemd ignores": (
        {"ignored-settings": "2"},
        "reading the kubelet's journal on w1: systemd ignored 2 lines of its environment; look at /etc/default/kubelet",
    ),
}


class TestDisagreement:
    """Pitfall: find out what is declared, configured, answering and reported, each by another command."""

    @pytest.mark.parametrize("what", FOUND)
    def test_each_kind_is_one_line_that_names_both_sides(self, guest: Guest, what: str) -> None:
        """Pitfalls: drop-ins 0-containerd.conf and 0-crio.conf; /etc/default/kubelet with a space after "=" or an open
        quote; CRI-O's own bridge; the cgroup driver that silently is another one."""
        changed, said = FOUND[what]
        assert differences(compare(guest, changed)) == [said]

    def test_the_configured_socket(self, guest: Guest) -> None:
        """Pitfall: the default socket was dockershim's."""
        guest.state("configz/w1", render_configz("unix:///run/dockershim.sock"))
        changed = {"configured": "unix:///run/dockershim.sock", "crictl": "unix:///run/dockershim.sock"}
        assert differences(compare(guest, changed)) == [
            "comparing w1: the socket in the kubelet's configuration is unix:///run/dockershim.sock, and that of the"
            f" declared docker is {DOCKER}"
        ]

    def test_the_socket_of_the_running_kubelet(self, guest: Guest) -> None:
        """Pitfall: `--container-runtime=remote --container-runtime-endpoint=...`, of which one is gone."""
        guest.state("configz/w1", render_configz(CRIO))
        assert differences(compare(guest)) == [
            "comparing w1: the socket that the running kubelet uses is unix:///run/crio/crio.sock, and the one in its"
            f" configuration is {DOCKER}"
        ]

    def test_the_runtime_that_answers(self, guest: Guest) -> None:
        version = labs.RUNTIME_VERSIONS["docker"]
        guest.state("reported", "\n".join({**REPORTED, "w1": f"w1 cri-o://{version}"}.values()))
        assert differences(compare(guest, {"answering": f"cri-o {version}"})) == [
            f"comparing w1: what answers at {DOCKER} is cri-o, and the declared docker is docker"
        ]

    @pytest.mark.parametrize("version", ["28.3.30", "20.10.24"])
    def test_the_version_that_answers(self, guest: Guest, version: str) -> None:
        guest.state("reported", "\n".join({**REPORTED, "w1": f"w1 docker://{version}"}.values()))
        assert differences(compare(guest, {"answering": f"docker {version}"})) == [
            f"comparing w1: the version that answers is {version}, and the declared one of docker is"
            f" {labs.RUNTIME_VERSIONS['docker']}"
        ]

    def test_the_reported_runtime(self, guest: Guest) -> None:
        version = labs.RUNTIME_VERSIONS["docker"]
        guest.state("reported", "\n".join({**REPORTED, "w1": f"w1 containerd://{version}"}.values()))
        assert differences(compare(guest)) == [
            "comparing w1: the runtime that the API reports is containerd, and what answers is docker"
        ]

    def test_the_reported_version(self, guest: Guest) -> None:
        guest.state("reported", "\n".join({**REPORTED, "w1": "w1 docker://1.13.1"}.values()))
        assert differences(compare(guest)) == [
            f"comparing w1: the version that the API reports is 1.13.1, and what answers is"
            f" {labs.RUNTIME_VERSIONS['docker']}"
        ]

    def test_the_runtimes_cgroup_driver(self, guest: Guest) -> None:
        """Pitfall: a runtime at its defaults silently turns the kubelet to cgroupfs."""
        guest.state("configz/w1", render_configz(DOCKER, "cgroupfs"))
        changed = {"runtime-driver": "cgroupfs", "pod-cgroup": "/kubepods/pod1/0123"}
        assert differences(compare(guest, changed)) == [
            "comparing w1: the runtime's cgroup driver is cgroupfs, and the declared one is systemd"
        ]

    def test_the_kubelets_cgroup_driver(self, guest: Guest) -> None:
        guest.state("configz/w1", render_configz(DOCKER, "cgroupfs"))
        assert differences(compare(guest)) == [
            "comparing w1: the kubelet's cgroup driver is cgroupfs, and the runtime's is systemd"
        ]

    def test_a_kubelet_that_cannot_be_asked_is_named_with_the_reason(self, guest: Guest) -> None:
        guest.answer("kubectl", "[[ $* != *nodes/w1/proxy* ]] || { echo 'dial tcp: i/o timeout' >&2; exit 1; }")
        assert "asking the kubelet of w1 for its configuration: dial tcp: i/o timeout" in differences(compare(guest))

    def test_a_kubelet_that_greets_too_late_once_is_asked_again(self, guest: Guest) -> None:
        late = "echo 'error trying to reach service: net/http: TLS handshake timeout' >&2; exit 1"
        guest.answer("kubectl", f"[[ $* != *nodes/w1/proxy* || -e /tmp/late ]] || {{ touch /tmp/late; {late}; }}")
        result = compare(guest)
        assert result.status == 0, result.stderr

    def test_differences_of_several_nodes_are_said_at_once(self, guest: Guest) -> None:
        guest.state("configz/cp1", render_configz(RUNTIMES["containerd"].cri_socket, "cgroupfs"))
        said = differences(compare(guest, {"crictl": CRIO}))
        assert [line.split(":")[0] for line in said] == ["comparing cp1", "comparing w1"]

    def test_the_rows_are_printed_all_the_same(self, guest: Guest) -> None:
        rows = compare(guest, {"crictl": CRIO}).stdout.splitlines()
        assert [row.split("\t")[0] for row in rows] == ["cp1", "w1", "w2"]

    def test_nodes_that_cannot_be_listed_are_one_clear_error_and_not_an_empty_list(self, guest: Guest) -> None:
        guest.answer("kubectl", 'echo "connection to 10.87.0.10:6443 was refused" >&2; exit 1')
        result = compare(guest)
        assert (result.status, result.stdout, len(result.errors)) == (1, "", 1)
        assert "connection to 10.87.0.10:6443 was refused" in result.stderr
