"""Which chain of resources determined when an up ended. Pure, but for reading the engine's log of events."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Step:
    """What the engine did with one resource, in whole seconds of its log of events; its end has a `place` in it."""

    urn: str
    began: int
    ended: int
    place: int

    @property
    def name(self) -> str:
        """The resource's own name."""
        return self.urn.rpartition("::")[2]


def events(file: Path) -> Iterable[Mapping[str, Any]]:
    """The events in a file that the engine wrote with --event-log."""
    return [json.loads(line) for line in file.read_text().splitlines() if line]


def steps(found: Iterable[Mapping[str, Any]]) -> dict[str, Step]:
    """URN -> step, of the resources with a provider that the engine worked on; components take no time."""
    began: dict[str, int] = {}
    done: dict[str, Step] = {}
    for event in found:
        metadata = event.get("resourcePreEvent", event.get("resOutputsEvent", {})).get("metadata", {})
        urn = metadata.get("urn", "")
        if not metadata.get("provider") or metadata["op"] == "same":
            continue
        if "resourcePreEvent" in event:
            began.setdefault(urn, event["timestamp"])
        elif urn in began:
            done[urn] = Step(urn, began[urn], event["timestamp"], event["sequence"])
    return done


def dependencies(state: Mapping[str, Any]) -> dict[str, set[str]]:
    """URN -> URNs of the resources that had to be there before, from a stack's state."""
    return {
        resource["urn"]: {
            *resource.get("dependencies", ()),
            *(urn for urns in resource.get("propertyDependencies", {}).values() for urn in urns or ()),
            *({resource["provider"].rpartition("::")[0]} if resource.get("provider") else ()),
        }
        for resource in state["checkpoint"]["latest"]["resources"]
    }


def critical_path(done: Mapping[str, Step], needed: Mapping[str, set[str]]) -> list[Step]:
    """The step that ended last, before it the one it needed that ended last, and so on, in the order of time."""
    last = max(done.values(), key=lambda step: step.place, default=None)
    path: list[Step] = []
    while last is not None:
        path.insert(0, last)
        before = [done[urn] for urn in needed.get(last.urn, ()) if urn in done]
        last = max(before, key=lambda step: step.place, default=None)
    return path
