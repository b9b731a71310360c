"""The lab's iptables rules: its network is a switch of its own, and each rule says whose it is.

The lab's own container engine is told to make none (`--iptables=false`): its rules and chains would bear the same names
as those of the host's engine, and nothing would tell them apart once that one was started too.
"""

import shlex
from itertools import pairwise

from toolchain.system import host, run

CHAIN = "FORWARD"
COMMENT = "kubelab"


def ensure(bridge: str, mark: str) -> None:
    """Machines reach each other, whatever the host's policy for forwarding is, and nothing is forwarded out or in."""
    doing = "setting the firewall's rules of the machine network"
    for arguments in changes(_saved(doing), bridge, mark):
        _iptables(doing, arguments)


def remove(mark: str) -> None:
    """Takes away the rules that bear this mark, and no other."""
    doing = "removing the firewall's rules of the machine network"
    for arguments in removals(_saved(doing), mark):
        _iptables(doing, arguments)


def rules(bridge: str, mark: str) -> list[list[str]]:
    """The rules, the first one first, as iptables takes them behind a chain's name and iptables-save prints them."""
    comment = ["-m", "comment", "--comment", f"{COMMENT} {mark}"]
    return [
        ["-i", bridge, "-o", bridge, *comment, "-j", "ACCEPT"],
        ["-i", bridge, *comment, "-j", "DROP"],
        ["-o", bridge, *comment, "-j", "DROP"],
    ]


def changes(saved: str, bridge: str, mark: str) -> list[list[str]]:
    """What to call iptables with, given what iptables-save printed: nothing if all rules are there, in order."""
    wanted = rules(bridge, mark)
    if [words[1:] for table, words in _marked(saved, mark) if table == "filter" and words[0] == CHAIN] == wanted:
        return []
    # Before all others: a host's policy or engine may refuse what it does not know.
    additions = [["-t", "filter", "-I", CHAIN, str(place), *rule] for place, rule in enumerate(wanted, start=1)]
    return [*removals(saved, mark), *additions]


def removals(saved: str, mark: str) -> list[list[str]]:
    """What to call iptables with to take away the rules that bear this mark."""
    return [["-t", table, "-D", *words] for table, words in _marked(saved, mark)]


def _marked(saved: str, mark: str) -> list[tuple[str, list[str]]]:
    """Table and words of each rule with our comment; the first word is the chain."""
    found, table = [], ""
    for line in saved.splitlines():
        if line.startswith("*"):
            table = line[1:]
        elif line.startswith("-A "):
            words = shlex.split(line)[1:]
            if ("--comment", f"{COMMENT} {mark}") in pairwise(words):
                found.append((table, words))
    return found


def _saved(doing: str) -> str:
    return run.answer(["iptables-save"], doing, {"PATH": host.search_path()})


def _iptables(doing: str, arguments: list[str]) -> None:
    run.answer(["iptables", "--wait", *arguments], doing, {"PATH": host.search_path()})
