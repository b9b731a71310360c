"""Datastores and clusters of them, as far as the hosts that are meant have them."""

from typing import Any

from provider.vsphere.api import collector
from provider.vsphere.api.sdk import Facts, vim
from provider.vsphere.api.session import Session
from provider.vsphere.errors import VsphereError
from provider.vsphere.making.promises import Promise, Promises
from provider.vsphere.place import Datastore
from provider.vsphere.vcenter.inventory import Found, looking

PATHS = ("name", "summary.accessible", "summary.maintenanceMode", "summary.freeSpace")


def usable(facts: Facts) -> bool:
    """True if something can be put on a datastore of these properties (PATHS)."""
    maintenance = facts.get("summary.maintenanceMode", "normal")
    return facts.get("summary.accessible", False) is True and maintenance == "normal"


def members(session: Session, cluster: Found, of_hosts: list[Any]) -> list[tuple[Any, Facts]]:
    """The datastores of a cluster of them that the hosts have, in the order of their names."""
    children = collector.read(session, looking(session), cluster.ref, ["childEntity"]).get("childEntity", [])
    there = [ref for ref in children if isinstance(ref, vim.Datastore) and ref in of_hosts]
    facts = collector.read_many(session, looking(session), there, PATHS)
    return sorted(((ref, facts[ref._moId]) for ref in there), key=lambda each: str(each[1]["name"]))


def roomiest(
    called: str, candidates: list[tuple[Any, Facts]], promises: Promises, promise: Promise | None
) -> Datastore:
    """The one with the most space to give, the first by name among equals. Raises VsphereError if none can be used.

    `candidates` are the one, or those of a cluster of datastores.
    """
    fit = [(ref, facts) for ref, facts in candidates if usable(facts)]
    if not fit:
        names = ", ".join(str(facts["name"]) for _, facts in candidates) or "none that the hosts have"
        which = "" if len(candidates) == 1 else f"no datastore of it can be used ({names}): "
        raise VsphereError(f"{called}: {which}not accessible, or in maintenance mode")
    chosen = promises.chosen({ref._moId: int(facts.get("summary.freeSpace", 0)) for ref, facts in fit}, promise)
    return next(Datastore(ref, facts["name"]) for ref, facts in fit if ref._moId == chosen)
