"""What the table of faults is run on: hosts of each kind, and the calls by which each is changed."""

from dataclasses import dataclass

from provider.vsphere.placement import NOWHERE, Placement

_UPDATE = ("ReconfigVM_Task", "PowerOffVM_Task", "PowerOnVM_Task")
_DELETE = ("PowerOffVM_Task", "Destroy_Task")


@dataclass(frozen=True, slots=True)
class Target:
    """A kind of host, with the calls that change something on it."""

    name: str
    placement: Placement
    create: tuple[str, ...]
    update: tuple[str, ...]
    delete: tuple[str, ...]
    image: tuple[str, ...]


TARGETS = (
    Target(
        "ESXi",
        NOWHERE,
        create=("MakeDirectory", "CopyVirtualDisk_Task", "CreateVM_Task", "ReconfigVM_Task", "PowerOnVM_Task"),
        update=_UPDATE,
        delete=_DELETE,
        image=("ImportVApp", "HttpNfcLeaseComplete", "ReconfigVM_Task"),
    ),
    Target(
        "vCenter, full clones",
        Placement(cluster="DC0_C0"),
        create=("CloneVM_Task", "ReconfigVM_Task", "PowerOnVM_Task"),
        update=_UPDATE,
        delete=_DELETE,
        image=("ImportVApp", "HttpNfcLeaseComplete", "ReconfigVM_Task", "MarkAsTemplate"),
    ),
    # What else there is, is done in the same way.
    Target(
        "vCenter, linked clones",
        Placement(cluster="DC0_C0", linked=True),
        create=("CloneVM_Task",),
        update=(),
        delete=("Destroy_Task",),
        image=("CreateSnapshot_Task",),
    ),
)
