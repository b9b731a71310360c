"""EsxiHost: the objects of a standalone host that machines are made of, found by name and checked before use.

The seam for another kind of target (vCenter): what lifecycle.py and image.py need of a place is this class.
"""

import threading
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from provider.vsphere import collector
from provider.vsphere.errors import GoneError, VsphereError
from provider.vsphere.sdk import vim
from provider.vsphere.session import Session

DISK_COPIES = 4  # more at once only make each slower


@dataclass(frozen=True)
class Datastore:
    """A datastore and its free space in bytes when it was read."""

    ref: Any
    name: str
    free: int


class EsxiHost:
    """A logged-in standalone ESXi host. One per process: `disk_copies` bounds the copies running at once."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.disk_copies = threading.BoundedSemaphore(DISK_COPIES)
        self._image_locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()

    def image_lock(self, key: str) -> threading.Lock:
        """Returns the lock of one image, so that this process imports it once."""
        with self._guard:
            return self._image_locks.setdefault(key, threading.Lock())

    @cached_property
    def datacenter(self) -> Any:
        """The host's only datacenter."""
        root = self.session.content.rootFolder
        children = collector.read(self.session, self._looking, root, ["childEntity"])["childEntity"]
        return children[0]

    @cached_property
    def vm_folder(self) -> Any:
        """The folder of all machines."""
        return self._of_datacenter["vmFolder"]

    @cached_property
    def pool(self) -> Any:
        """The root resource pool."""
        folder = collector.read(self.session, self._looking, self._of_datacenter["hostFolder"], ["childEntity"])
        return collector.read(self.session, self._looking, folder["childEntity"][0], ["resourcePool"])["resourcePool"]

    @cached_property
    def _of_datacenter(self) -> collector.Facts:
        return collector.read(self.session, self._looking, self.datacenter, ["vmFolder", "hostFolder"])

    @property
    def _looking(self) -> str:
        return f"reading the inventory of {self.session.name}"

    def datastore(self, name: str) -> Datastore:
        """Returns a datastore. Raises GoneError if there is none of that name, VsphereError if it is not accessible."""
        refs = collector.read(self.session, self._looking, self.datacenter, ["datastore"]).get("datastore", [])
        paths = ["name", "summary.accessible", "summary.freeSpace", "summary.maintenanceMode"]
        found = collector.read_many(self.session, self._looking, refs, paths)
        for ref in refs:
            facts = found[ref._moId]
            if facts["name"] != name:
                continue
            if not facts.get("summary.accessible", False) or facts.get("summary.maintenanceMode", "normal") != "normal":
                raise VsphereError(f"datastore {name} of {self.session.name}: not accessible, or in maintenance mode")
            return Datastore(ref, name, int(facts.get("summary.freeSpace", 0)))
        names = ", ".join(sorted(facts["name"] for facts in found.values())) or "none"
        raise GoneError(
            f"datastore {name}: not found on {self.session.name}, which has: {names}; correct the site file"
        )

    def network(self, name: str) -> Any:
        """Returns a network (port group). Raises GoneError if there is none of that name."""
        refs = collector.read(self.session, self._looking, self.datacenter, ["network"]).get("network", [])
        found = collector.read_many(self.session, self._looking, refs, ["name"])
        for ref in refs:
            if found[ref._moId]["name"] == name:
                return ref
        names = ", ".join(sorted(facts["name"] for facts in found.values())) or "none"
        raise GoneError(f"network {name}: not found on {self.session.name}, which has: {names}; correct the site file")

    def find_by_uuid(self, instance: str) -> Any | None:
        """Returns the machine with this instance UUID, None if there is none."""
        index = self.session.content.searchIndex
        return self.session.read(self._looking, index.FindByUuid, None, instance.lower(), True, True)

    def find_by_name(self, name: str) -> Any | None:
        """Returns the machine of this name, None if there is none."""
        found = self.session.read(self._looking, self.session.content.searchIndex.FindChild, self.vm_folder, name)
        return found if isinstance(found, vim.VirtualMachine) else None
