"""What an engine would make anew between two graphs."""

from collections.abc import Callable, Collection

from config import LabConfig
from tests.graph.conftest import moid_of, previewed
from tests.graph.recording import Graph, Resource
from tests.graph.test_order import MACHINE, commands

Lab = Callable[..., Graph]


def differing(before: Graph, after: Graph) -> set[str]:
    """The commands that an engine runs again, as they are given something else."""
    return {
        command.name
        for command in commands(after)
        if command.plain("stdin") != before.named(command.type, command.name).plain("stdin")
    }


def listed(before: Graph, after: LabConfig, edited: Collection[str] = ()) -> set[str]:
    """The commands that a preview lists, of which `edited` have another script.

    They are given something else, or what an engine cannot know before another step was run.
    """
    found = set(edited)
    while new := differing(before, previewed(after, found)) - found:
        found |= new
    return found


def replaced(before: Graph, after: Graph) -> set[str]:
    """The commands that an engine makes anew, by the values of their triggers, and by those that these come from."""
    machines = {machine.name for machine in after.of_type(MACHINE) if is_made_anew(before, machine)}
    changed = {moid_of(name) for name in machines}
    found: set[str] = set()
    while True:
        new = {
            command.name
            for command in commands(after)
            if (old := command_or_none(before, command.name)) is not None
            and (
                old.plain("triggers") != command.plain("triggers") or changed & set(map(str, command.plain("triggers")))
            )
        } - found
        if not new:
            return found
        found |= new
        changed |= {f"{name}-id" for name in new}


def command_or_none(graph: Graph, name: str) -> Resource | None:
    return next((command for command in commands(graph) if command.name == name), None)


def is_made_anew(before: Graph, machine: Resource) -> bool:
    """Another value of a name in replaceTriggers, unless it is to be kept; the provider's own tests prove that."""
    if machine.plain("keepOnTriggers"):
        return False
    old = before.named(MACHINE, machine.name).plain("replaceTriggers")
    new = machine.plain("replaceTriggers")
    return any(old[name] != new[name] for name in old.keys() & new.keys())


def anew(graph: Graph) -> set[str]:
    return {machine.name for machine in graph.of_type(MACHINE)}
