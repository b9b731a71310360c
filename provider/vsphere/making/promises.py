"""What machines that are made in this process may come to take of datastores: so that they spread over a cluster."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from provider.vsphere.desired import DesiredMachine


@dataclass(frozen=True, slots=True)
class Promise:
    """Space for a machine, by its name, in bytes: what it takes once its disks are full."""

    machine: str
    size: int


def promised(desired: DesiredMachine) -> Promise:
    """What a machine is promised: its memory as a swap file, and its disks."""
    gib = desired.disk_gib + sum(disk.gib for disk in desired.disks if not disk.remove)
    return Promise(desired.name, desired.hardware.memory_mib * 1024**2 + gib * 1024**3)


class Promises:
    """A datastore shows as free what its new machines have not written yet: it has less than that to give.

    A promise is kept for the process: of what is written by then, only what others wrote counts besides.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of: dict[str, tuple[str, int]] = {}  # by machine
        self._free: dict[str, int] = {}  # by datastore, when it was promised for the first time

    def chosen(self, free: Mapping[str, int], promise: Promise | None) -> str:
        """Which of these datastores has most to give, by their free bytes; the first among equals.

        Another promise to the same machine takes the place of its former one.
        """
        with self._lock:
            if promise is not None:
                self._of.pop(promise.machine, None)
            best = max(free, key=lambda datastore: self._left(datastore, free[datastore]))
            if promise is not None:
                self._free.setdefault(best, free[best])
                self._of[promise.machine] = best, promise.size
            return best

    def take_back(self, machine: str) -> None:
        """The machine was not made."""
        with self._lock:
            datastore, _ = self._of.pop(machine, ("", 0))
            if not any(each == datastore for each, _ in self._of.values()):
                self._free.pop(datastore, None)

    def _left(self, datastore: str, free: int) -> int:
        promised = sum(size for each, size in self._of.values() if each == datastore)
        return min(free, self._free.get(datastore, free) - promised)
