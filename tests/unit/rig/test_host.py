"""The lab's host: its kernel settings, its firewall."""

from rig.host import firewall, kernel


def test_only_settings_that_are_wrong_are_written() -> None:
    wanted = (kernel.Setting("kernel/panic", 10), kernel.Setting("fs/inotify/max_user_instances", 512, at_least=True))
    assert kernel.changes({"kernel/panic": 10, "fs/inotify/max_user_instances": 128}, wanted) == {
        "fs/inotify/max_user_instances": 512
    }
    assert kernel.changes({"kernel/panic": 1, "fs/inotify/max_user_instances": 8192}, wanted) == {"kernel/panic": 10}


def saved(*lines: str, table: str = "filter") -> str:
    return "\n".join((f"*{table}", ":FORWARD ACCEPT [0:0]", *lines, "COMMIT", ""))


def test_only_the_engines_own_rules_and_chains_are_removed_jumps_first() -> None:
    before = saved(":MINE - [0:0]", "-A FORWARD -j MINE")
    after = saved(
        ":MINE - [0:0]",
        ":DOCKER - [0:0]",
        ":DOCKER-USER - [0:0]",
        "-A FORWARD -j DOCKER-USER",
        "-A FORWARD -i kubelab0 -o kubelab0 -j ACCEPT",
        "-A FORWARD -j MINE",
        '-A FORWARD -m comment --comment "added meanwhile" -j ACCEPT',
        "-A DOCKER-USER -j RETURN",
    )
    assert firewall.removals(before, after, "kubelab0") == [
        ["-t", "filter", "-D", "FORWARD", "-j", "DOCKER-USER"],
        ["-t", "filter", "-D", "FORWARD", "-i", "kubelab0", "-o", "kubelab0", "-j", "ACCEPT"],
        ["-t", "filter", "-F", "DOCKER"],
        ["-t", "filter", "-F", "DOCKER-USER"],
        ["-t", "filter", "-X", "DOCKER"],
        ["-t", "filter", "-X", "DOCKER-USER"],
    ]


def test_chains_of_an_engine_that_was_there_before_stay_but_rules_of_our_bridge_go() -> None:
    before = saved(":DOCKER - [0:0]", "-A FORWARD -j DOCKER")
    after = saved(":DOCKER - [0:0]", "-A FORWARD -j DOCKER", "-A DOCKER -i kubelab0 -j RETURN")
    assert firewall.removals(before, after, "kubelab0") == [
        ["-t", "filter", "-D", "DOCKER", "-i", "kubelab0", "-j", "RETURN"]
    ]


def test_tables_that_did_not_exist_before_are_cleaned_too() -> None:
    after = saved(":DOCKER - [0:0]", table="nat")
    assert firewall.removals("", after, "kubelab0") == [["-t", "nat", "-F", "DOCKER"], ["-t", "nat", "-X", "DOCKER"]]
