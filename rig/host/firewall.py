"""The iptables rules a container engine of ours leaves behind: found by comparison, removed one by one. Pure."""

import shlex
from dataclasses import dataclass

ENGINE_CHAIN = "DOCKER"


@dataclass(frozen=True, slots=True)
class Table:
    """One table of iptables-save: names of user-made chains, and rules as they stand there (`-A CHAIN ...`)."""

    chains: tuple[str, ...]
    rules: tuple[str, ...]


def parse(saved: str) -> dict[str, Table]:
    """The tables of an iptables-save text, by name."""
    tables: dict[str, Table] = {}
    name, chains, rules = "", [], []  # type: str, list[str], list[str]
    for line in saved.splitlines():
        if line.startswith("*"):
            name, chains, rules = line[1:], [], []
        elif line.startswith(":") and line.split()[1] == "-":
            chains.append(line[1:].split()[0])
        elif line.startswith("-A "):
            rules.append(line)
        elif line == "COMMIT":
            tables[name] = Table(tuple(chains), tuple(rules))
    return tables


def removals(before: str, after: str, bridge: str) -> list[list[str]]:
    """The iptables arguments that take away what the engine added between two iptables-save texts.

    Only its own is touched: chains whose name begins with DOCKER, rules in them, rules that jump to them or name
    `bridge`. Jumps and rules go first, then chains are emptied, then deleted.
    """
    known, commands = parse(before), []
    for name, table in parse(after).items():
        old = known.get(name, Table((), ()))
        ours = [chain for chain in table.chains if chain.startswith(ENGINE_CHAIN) and chain not in old.chains]
        outside = [rule for rule in table.rules if rule not in old.rules and rule.split()[1] not in ours]
        for rule in outside:
            words = shlex.split(rule)
            if any(word.startswith(ENGINE_CHAIN) for word in words[2:]) or bridge in words:
                commands.append(["-t", name, "-D", *words[1:]])
        commands += [["-t", name, "-F", chain] for chain in ours]
        commands += [["-t", name, "-X", chain] for chain in ours]
    return commands
