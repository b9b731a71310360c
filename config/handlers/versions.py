"""The rule that needs a lab's versions: whether a node's container runtime is new enough for its handlers."""

from collections.abc import Iterator

from components.handlers import HANDLERS
from config.lab import LabConfig
from config.problems import Problem
from config.stack import PREFIX
from config.versions import numbers


def broken_rules(lab: LabConfig, stack_file: str) -> Iterator[Problem]:
    """What does not go together in a lab whose documents break no rule; `stack_file` is how messages name it."""
    for node in lab.nodes:
        for declared in node.handlers:
            first = HANDLERS[declared.name].first_versions.get(node.runtime)
            if first is None or numbers(node.runtime_version) >= numbers(first):
                continue
            text = f"found {declared.name} for {node.name}, whose runtime is {node.runtime} {node.runtime_version}"
            others = [word for word in HANDLERS[declared.name].runtimes if word != node.runtime]
            remedy = f"{node.runtime} can from {first} on; choose {' or '.join(others)} as its runtime"
            yield Problem(stack_file, f"{PREFIX}nodes/{node.name}/handlers", f"{text}: {remedy}")
