"""What the table of faults is run on: hosts of each kind, and the calls by which each is changed."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.vsphere.simulator import Simulator


@dataclass(frozen=True, slots=True)
class Target:
    """A kind of host. `start` starts one, in a directory of its own; the others are the calls that change something."""

    name: str
    start: Callable[[Path, Path], Simulator]
    create: tuple[str, ...]
    update: tuple[str, ...]
    delete: tuple[str, ...]
    image: tuple[str, ...]


ESXI = Target(
    "ESXi",
    start=lambda binary, directory: Simulator(binary, directory),
    create=("MakeDirectory", "CopyVirtualDisk_Task", "CreateVM_Task", "ReconfigVM_Task", "PowerOnVM_Task"),
    update=("ReconfigVM_Task", "PowerOffVM_Task", "PowerOnVM_Task"),
    delete=("PowerOffVM_Task", "Destroy_Task"),
    image=("ImportVApp", "HttpNfcLeaseComplete", "ReconfigVM_Task"),
)
TARGETS = (ESXI,)
