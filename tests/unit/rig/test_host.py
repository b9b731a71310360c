"""The lab's host: its kernel settings, its firewall, whose things are whose."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from rig.host import container_engine, firewall, kernel, network
from rig.host.docker import Docker
from rig.mark import leave_with_engine, mark_of
from toolchain.errors import SetupError
from toolchain.layout import layout_of

ROOT = Path(__file__).parents[3]
# What an engine of the host's own adds, when it is started beside the lab.
HOSTS_RULES = (
    ":DOCKER - [0:0]",
    ":DOCKER-USER - [0:0]",
    "-A FORWARD -j DOCKER-USER",
    "-A FORWARD -o docker0 -j DOCKER",
    '-A FORWARD -m comment --comment "kubelab of another" -j ACCEPT',
    "-A DOCKER-USER -j RETURN",
)
OURS = (
    '-A FORWARD -i kubelab0 -o kubelab0 -m comment --comment "kubelab 0123" -j ACCEPT',
    '-A FORWARD -i kubelab0 -m comment --comment "kubelab 0123" -j DROP',
    '-A FORWARD -o kubelab0 -m comment --comment "kubelab 0123" -j DROP',
)


def test_only_settings_that_are_wrong_are_written() -> None:
    wanted = (kernel.Setting("kernel/panic", 10), kernel.Setting("fs/inotify/max_user_instances", 512, at_least=True))
    assert kernel.changes({"kernel/panic": 10, "fs/inotify/max_user_instances": 128}, wanted) == {
        "fs/inotify/max_user_instances": 512
    }
    assert kernel.changes({"kernel/panic": 1, "fs/inotify/max_user_instances": 8192}, wanted) == {"kernel/panic": 10}


def saved(*lines: str, table: str = "filter") -> str:
    return "\n".join((f"*{table}", ":FORWARD ACCEPT [0:0]", *lines, "COMMIT", ""))


@pytest.mark.case("T9")
def test_rules_of_the_hosts_own_engine_stay_though_it_was_started_after_the_lab() -> None:
    assert firewall.removals(saved(*HOSTS_RULES), "0123") == []
    removed = firewall.removals(saved(*HOSTS_RULES, *OURS), "0123")
    assert [words[:4] for words in removed] == [["-t", "filter", "-D", "FORWARD"]] * 3
    assert all("kubelab 0123" in words for words in removed)


@pytest.mark.case("T9", "T10")
def test_another_runs_rules_for_a_bridge_of_the_same_name_stay() -> None:
    assert firewall.removals(saved(*OURS), "4567") == []


def test_rules_that_are_there_in_their_order_are_left_alone() -> None:
    assert firewall.changes(saved(*HOSTS_RULES, *OURS), "kubelab0", "0123") == []


def test_rules_that_somebody_flushed_in_part_are_set_anew_before_all_others() -> None:
    changed = firewall.changes(saved(*OURS[1:], *HOSTS_RULES), "kubelab0", "0123")
    assert [words[2:5] for words in changed[:2]] == [["-D", "FORWARD", "-i"], ["-D", "FORWARD", "-o"]]
    assert [words[2:5] for words in changed[2:]] == [["-I", "FORWARD", place] for place in "123"]


@pytest.mark.host
@pytest.mark.case("T9")
def test_the_kernel_has_the_hosts_rules_and_no_other_after_the_lab_is_gone(tmp_path: Path) -> None:
    """In a network namespace of its own: the lab comes first, then an engine of the host's, then the lab goes."""
    script = tmp_path / "script.py"
    script.write_text(
        "import subprocess\n"
        "from rig.host import firewall\n"
        "def iptables(*words): subprocess.run(['iptables', '--wait', *words], check=True)\n"
        "def save(): return subprocess.run(['iptables-save'], check=True, capture_output=True, text=True).stdout\n"
        "firewall.ensure('kubelab0', '0123')\n"
        "first = save()\n"
        "iptables('-N', 'DOCKER')\n"
        "iptables('-I', 'FORWARD', '-o', 'docker0', '-j', 'DOCKER')\n"
        "iptables('-P', 'FORWARD', 'DROP')\n"
        "firewall.ensure('kubelab0', '0123')\n"
        "both = save()\n"
        "firewall.remove('0123')\n"
        "import json; print(json.dumps([first, both, save()]))\n"
    )
    argv = ["unshare", "--net", sys.executable, str(script)]
    environ = {"PYTHONPATH": str(ROOT), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    done = subprocess.run(argv, cwd=ROOT, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    first, both, last = (
        [line for line in text.splitlines() if line.startswith("-A ")] for text in json.loads(done.stdout)
    )
    assert first == [line.replace("4567", "0123") for line in OURS]
    assert both == ["-A FORWARD -o docker0 -j DOCKER", *OURS]
    assert last == ["-A FORWARD -o docker0 -j DOCKER"]


@pytest.mark.case("T9")
def test_the_labs_own_engine_makes_no_rules_that_could_be_taken_for_the_hosts(tmp_path: Path) -> None:
    argv = container_engine.command_line(layout_of(tmp_path, {"KUBELAB_CACHE": str(tmp_path)}), sys_resource=True)
    assert {"--iptables=false", "--ip-forward=false", "--ip-masq=false"} <= set(argv)


@pytest.mark.case("T9", "T10")
def test_a_bridge_is_ours_only_if_it_says_so() -> None:
    def links(**bridge: str) -> str:
        return json.dumps([{"ifname": "lo"}, {"ifname": "kubelab0", **bridge}])

    assert container_engine.is_marked(links(ifalias="kubelab 0123"), "0123")
    assert not container_engine.is_marked(links(ifalias="kubelab 4567"), "0123")
    assert not container_engine.is_marked(links(), "0123")


@pytest.mark.case("T10")
def test_two_runs_at_one_path_have_marks_of_their_own(tmp_path: Path) -> None:
    """As two jobs of CI, in containers beside one container engine: only what is in the folder tells them apart."""
    layout = layout_of(tmp_path / "project", {"KUBELAB_CACHE": str(tmp_path)})
    first = mark_of(layout)
    assert mark_of(layout) == first
    layout.state.rename(tmp_path / "of-the-first-job")
    assert mark_of(layout) != first


@pytest.mark.case("T10")
def test_a_copy_of_a_folder_with_a_lab_is_another_run(tmp_path: Path) -> None:
    layout = layout_of(tmp_path / "project", {"KUBELAB_CACHE": str(tmp_path)})
    first = mark_of(layout)
    copy = layout_of(tmp_path / "copy", {"KUBELAB_CACHE": str(tmp_path)})
    layout.state.parent.rename(copy.project)
    assert mark_of(copy) != first


@pytest.mark.case("T10")
def test_a_folder_that_was_deleted_has_its_mark_from_its_engine_which_runs_on(tmp_path: Path) -> None:
    layout = replace(layout_of(tmp_path / "project", {"KUBELAB_CACHE": str(tmp_path)}), runtime=tmp_path / "run")
    first = mark_of(layout)
    leave_with_engine(layout)
    shutil.rmtree(layout.state)
    assert mark_of(layout) == first


@pytest.mark.case("T10")
@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '"0123"'])
def test_half_a_mark_is_made_anew(tmp_path: Path, text: str) -> None:
    layout = layout_of(tmp_path / "project", {"KUBELAB_CACHE": str(tmp_path)})
    layout.state.mkdir(parents=True)
    (layout.state / "mark.json").write_text(text)
    assert mark_of(layout) == mark_of(layout)


class FoundNetwork:
    """What stands for a container engine that has a network of the lab's name with these labels."""

    rig = "0123"

    def __init__(self, labels: dict[str, str] | None) -> None:
        self._labels = labels

    def listed(self, *_: str) -> list[str]:
        return ["an id"]

    def inspect(self, *_: object) -> list[dict[str, object]]:
        return [{"Labels": self._labels}]


@pytest.mark.case("T9", "T10")
@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (None, "found one of that name which no lab made; give it another name$"),
        ({"kubelab.rig": "4567"}, "of another clone or run, 4567; run `make rig-down` there, or, .*kubelab.rig=4567"),
    ],
)
def test_a_network_of_others_is_neither_taken_nor_told_to_be_removed(labels: dict[str, str] | None, said: str) -> None:
    with pytest.raises(SetupError, match=said):
        network.ensure(cast(Docker, FoundNetwork(labels)))


class PlannedNetwork(FoundNetwork):
    """What stands for a container engine that has this lab's network with this plan of addresses."""

    def __init__(self, **plan: str) -> None:
        super().__init__({"kubelab.rig": self.rig})
        self._plan = {"Subnet": network.SUBNET, "Gateway": network.GATEWAY, **plan}

    def inspect(self, *_: object) -> list[dict[str, object]]:
        options = {"com.docker.network.bridge.name": network.BRIDGE}
        (found,) = super().inspect()
        return [{**found, "Internal": True, "Options": options, "IPAM": {"Config": [self._plan]}}]


def test_a_network_whose_containers_may_have_leased_addresses_is_not_the_labs() -> None:
    assert network.present(cast(Docker, PlannedNetwork(IPRange=network.CONTAINERS)))
    assert not network.present(cast(Docker, PlannedNetwork()))
