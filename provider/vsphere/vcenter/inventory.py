"""Finding objects of a vCenter's inventory by a name, or by a path below where they are looked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from provider.vsphere.api import collector
from provider.vsphere.api.sdk import Facts, vim, vmodl
from provider.vsphere.api.session import Session
from provider.vsphere.errors import GoneError, VsphereError
from provider.vsphere.paths import unescaped

_SHOWN = 12  # names that a message tells at most


@dataclass(frozen=True, slots=True)
class Found:
    """An object, its path below where it was looked for (`racks/r1/cluster1`, as people see it), and its properties."""

    ref: Any
    path: str
    facts: Facts

    def is_named(self, text: str) -> bool:
        """True if a user means it by this: its name, or its path."""
        wanted = text.strip("/")
        return wanted in (unescaped(self.facts["name"]), self.facts["name"], self.path)


def below(session: Session, root: Any, kind: Any, paths: Sequence[str] = ()) -> list[Found]:
    """All objects of a kind in a folder and its folders, in the order of their paths; in two calls."""
    query = vmodl.query.PropertyCollector
    again = query.SelectionSpec(name="folders")
    hop = query.TraversalSpec(name="folders", type=vim.Folder, path="childEntity", skip=False, selectSet=[again])
    folders = query.PropertySpec(type=vim.Folder, pathSet=["name", "parent"])
    wanted = query.PropertySpec(type=kind, pathSet=list(dict.fromkeys(["name", "parent", *paths])))
    spec = query.FilterSpec(
        objectSet=[query.ObjectSpec(obj=root, skip=False, selectSet=[hop])],
        propSet=[wanted] if kind is vim.Folder else [folders, wanted],
    )
    found = collector.retrieve_objects(session, looking(session), spec)
    facts = {ref._moId: each for ref, each in found}
    of_kind = [
        Found(ref, _path(each, facts, root), each) for ref, each in found if isinstance(ref, kind) and ref != root
    ]
    return sorted(of_kind, key=lambda each: each.path)


def _path(facts: Facts, all_facts: dict[str, Facts], root: Any) -> str:
    names = [unescaped(facts["name"])]
    parent = facts.get("parent")
    while parent is not None and parent != root and parent._moId in all_facts:
        names.insert(0, unescaped(all_facts[parent._moId]["name"]))
        parent = all_facts[parent._moId].get("parent")
    return "/".join(names)


def the_one(wanted: str, candidates: Sequence[Found], what: str, where: str) -> Found:
    """The candidate that a user means. Raises GoneError if there is none, VsphereError if it may be one of several."""
    by_path = [each for each in candidates if each.path == wanted.strip("/")]
    named = by_path if len(by_path) == 1 else [each for each in candidates if each.is_named(wanted)]
    if not named:
        raise GoneError(
            f"{what} {wanted}: not found in {where}, which has: {shown(candidates)}; correct the site file, or make it "
            "in the vCenter"
        )
    if len(named) > 1:
        raise VsphereError(
            f"{what} {wanted}: {where} has several of that name; write the path of one of them: {shown(named)}"
        )
    return named[0]


def shown(candidates: Sequence[Found]) -> str:
    """Their paths, some of them if there are many."""
    paths = [each.path for each in candidates]
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return f"{', '.join(paths[:_SHOWN])}{more}" if paths else "none"


def looking(session: Session) -> str:
    """What is being done, for messages."""
    return f"reading the inventory of {session.name}"
