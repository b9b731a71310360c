"""The privileges that the driver needs, by what they are needed on; missing ones are told by name.

The names are those of the vSphere API (AuthorizationManager.privilegeList); docs/vsphere.md lists them to be granted.
"""

from collections.abc import Sequence
from typing import Any

from provider.vsphere.conditions.findings import Finding
from provider.vsphere.errors import VsphereError
from provider.vsphere.place import Datastore, Place

ON_FOLDER = (
    "VirtualMachine.Inventory.Create",
    "VirtualMachine.Inventory.Delete",
    "VirtualMachine.Inventory.Register",
    "VirtualMachine.Inventory.Unregister",
    "VirtualMachine.Config.AddExistingDisk",
    "VirtualMachine.Config.AddNewDisk",
    "VirtualMachine.Config.AddRemoveDevice",
    "VirtualMachine.Config.AdvancedConfig",
    "VirtualMachine.Config.CPUCount",
    "VirtualMachine.Config.DiskExtend",
    "VirtualMachine.Config.EditDevice",
    "VirtualMachine.Config.Memory",
    "VirtualMachine.Config.RemoveDisk",
    "VirtualMachine.Config.Settings",
    "VirtualMachine.Interact.PowerOff",
    "VirtualMachine.Interact.PowerOn",
)
ON_FOLDER_OF_A_VCENTER = (
    "VirtualMachine.Inventory.CreateFromExisting",
    "VirtualMachine.Config.Annotation",
    "VirtualMachine.Config.Rename",
    "VirtualMachine.Provisioning.Clone",
    "VirtualMachine.Provisioning.DeployTemplate",
    "VirtualMachine.Provisioning.MarkAsTemplate",
    "VirtualMachine.Provisioning.MarkAsVM",
    "VirtualMachine.State.CreateSnapshot",
)
ON_POOL = ("Resource.AssignVMToPool", "VApp.Import")
ON_DATASTORE = ("Datastore.AllocateSpace", "Datastore.Browse", "Datastore.FileManagement")
ON_TEMPLATE = ("VirtualMachine.Provisioning.DeployTemplate",)
ON_NETWORK = ("Network.Assign",)
FOR_HARDWARE_VERSION = ("VirtualMachine.Config.UpgradeVirtualHardware",)


def missing(place: Place, datastores: Sequence[str], networks: Sequence[str], session_key: str) -> list[Finding]:
    """The privileges that the session lacks, a finding for each object. A host that is not to be asked lacks none."""
    cloned = place.cloning is not None
    wanted: list[tuple[str, Any, Sequence[str]]] = [
        ("the folder of the machines", place.folder, (*ON_FOLDER, *ON_FOLDER_OF_A_VCENTER))
        if cloned
        else ("the host's machines", place.folder, ON_FOLDER),
        ("the resource pool" if cloned else "its resources", place.pool, ON_POOL),
    ]
    for name in datastores:
        wanted += [(f"datastore {home.name}", home.ref, ON_DATASTORE) for home in _homes(place, name)]
    for name in networks:
        _note(wanted, f"network {name}", lambda name=name: place.network(name).ref, ON_NETWORK)
    found = []
    for what, obj, privileges in wanted:
        lacking = lacking_on(place, obj, privileges, session_key)
        if lacking:
            found.append(
                Finding(
                    f"the user {place.session.endpoint.user} lacks privileges on {what}: {', '.join(lacking)}; "
                    "grant them"
                )
            )
    return found


def for_upgrades(place: Place, names: Sequence[str], session_key: str) -> list[Finding]:
    """What is needed besides by machines, by their names, that are to have a higher hardware version."""
    lacking = lacking_on(place, place.folder, FOR_HARDWARE_VERSION, session_key) if names else []
    user, whose = place.session.endpoint.user, ", ".join(names)
    return [
        Finding(f"the user {user} lacks {each}, which machine.hardwareVersion of {whose} needs; grant it")
        for each in lacking
    ]


def lacking_on(place: Place, obj: Any, privileges: Sequence[str], session_key: str) -> list[str]:
    """Those of the privileges that the session lacks on an object, none where it may not ask."""
    ask = place.session.content.authorizationManager.HasPrivilegeOnEntities
    try:
        return lacking_of(place.session.read("reading privileges", ask, [obj], session_key, list(privileges)))
    except VsphereError:
        return []


def _homes(place: Place, name: str) -> Sequence[Datastore]:
    try:
        return place.datastores(name)
    except VsphereError:
        return ()  # that it is not there is a finding of its own


def _note(wanted: list[tuple[str, Any, Sequence[str]]], what: str, find: Any, privileges: Sequence[str]) -> None:
    try:
        wanted.append((what, find(), privileges))
    except VsphereError:
        return  # that it is not there is a finding of its own


def lacking_of(answer: Sequence[Any]) -> list[str]:
    """The names that are not granted in EntityPrivilege objects."""
    return [each.privId for entity in answer or [] for each in entity.privAvailability or [] if not each.isGranted]
